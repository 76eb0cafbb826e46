// One daemon per state directory: a lock that the kernel lets go of when its holder dies, however it dies.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../tools/coded-error.ts";
import { sqliteCode } from "./problem.ts";

const SQLITE_BUSY = 5;

export interface Lock {
  release(): void;
}

/** Makes and takes the directory, or throws `locked` and names who has it. The file `pid` only informs; a stale one locks nobody out. */
export function lockDirectory(directory: string): Lock {
  const pidFile = join(directory, "journal.pid");
  let db: DatabaseSync | null = null;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    db = new DatabaseSync(join(directory, "journal.lock"), { timeout: 0 });
    db.exec("BEGIN EXCLUSIVE");
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    db?.close();
    throw sqliteCode(error) === SQLITE_BUSY
      ? inUse(directory, readPid(pidFile), error)
      : unusable(directory, error);
  }
  const held = db;
  return { release: () => held.close() };
}

function inUse(directory: string, holder: string | null, cause: unknown): CodedError {
  return new CodedError(
    "locked",
    `The state directory ${directory} is in use by another harnessd${holder ? `, process ${holder}` : ""}. ` +
      "Stop that one first, or give this one a state directory of its own.",
    { cause },
  );
}

function unusable(directory: string, cause: unknown): CodedError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CodedError(
    "cannot_open",
    `The state directory ${directory} cannot be used (${reason}). Name one that can be written to.`,
    {
      cause,
    },
  );
}

function readPid(path: string): string | null {
  try {
    return /^\d+/.exec(readFileSync(path, "utf8"))?.[0] ?? null;
  } catch {
    return null;
  }
}
