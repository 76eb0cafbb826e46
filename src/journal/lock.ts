// One daemon per state directory: a lock that the kernel lets go of when its holder dies, however it dies.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { JournalError, sqliteCode } from "./journal-error.ts";

const SQLITE_BUSY = 5;

export interface Lock {
  release(): void;
}

/** Takes the directory, or throws `locked` and names who has it. The file `pid` beside the lock only informs; a stale one locks nobody out. */
export function lockDirectory(directory: string): Lock {
  const pidFile = join(directory, "journal.pid");
  const db = new DatabaseSync(join(directory, "journal.lock"));
  try {
    db.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (sqliteCode(error) !== SQLITE_BUSY) throw error;
    const holder = readPid(pidFile);
    throw new JournalError(
      "locked",
      `The state directory ${directory} is in use by another harnessd${holder ? `, process ${holder}` : ""}. ` +
        "Stop that one first, or give this one a state directory of its own.",
      { cause: error },
    );
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return { release: () => db.close() };
}

function readPid(path: string): string | null {
  try {
    return /^\d+/.exec(readFileSync(path, "utf8"))?.[0] ?? null;
  } catch {
    return null;
  }
}
