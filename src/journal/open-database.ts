// Opens the journal's database, whatever state it was left in: new, older, newer, or damaged.
import { randomBytes } from "node:crypto";
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../tools/coded-error.ts";
import { type OnProblem, sqliteCode } from "./problem.ts";
import { migrate, readMeta, readSchemaVersion, SCHEMA_VERSION, writeMeta } from "./schema.ts";

export const FILE_NAME = "journal.db";
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
/** The entry of `meta` that says whether the file's last owner closed it. */
const CLOSED = "closed";
/** Checking a whole file takes about a second a gigabyte; past this size only its ends are looked at when it is opened. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;
/** The write-ahead log goes back into the database at this many of its 4 KiB pages (16 MiB). */
const CHECKPOINT_PAGES = 4096;

export interface Opening {
  readonly kind: "created" | "opened" | "migrated" | "set_aside";
  readonly detail?: string;
}
/** How the journal's last owner ended: `crashed` when it never closed it. */
export type PreviousEnd = "none" | "clean" | "crashed";
export interface OpenDatabase {
  readonly db: DatabaseSync;
  readonly epoch: string;
  readonly opening: Opening;
  readonly previousEnd: PreviousEnd;
}

/** The caller holds the directory's lock. A newer schema is refused and left as it is; a damaged file is moved aside, and a new epoch begins. */
export function openDatabase(
  directory: string,
  sync: "normal" | "full",
  now: () => number,
): OpenDatabase {
  const path = join(directory, FILE_NAME);
  if (!existsSync(path)) return openNew(path, sync, { kind: "created" });
  const found = inspect(path);
  if (typeof found === "number") return openSound(path, found, sync);
  const aside = setAside(path, now());
  const detail = `The journal could not be read (${found.damage}). It is kept as ${aside}; a new one has begun.`;
  return openNew(path, sync, { kind: "set_aside", detail });
}

/**
 * Made beside its place and moved there whole: an end in the middle of it must not look like damage to the next owner.
 * It has its write-ahead log before it moves: a change of the log's kind that is cut off at its place leaves what only a writer can mend.
 */
function openNew(path: string, sync: "normal" | "full", opening: Opening): OpenDatabase {
  const draft = `${path}.new`;
  let db: DatabaseSync | null = null;
  try {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(draft + suffix, { force: true });
    db = new DatabaseSync(draft);
    db.exec("PRAGMA journal_mode = WAL");
    migrate(db, 0);
    writeMeta(db, "epoch", randomBytes(9).toString("base64url"));
    db.close();
    renameSync(draft, path);
  } catch (error) {
    if (db?.isOpen) db.close();
    throw cannotOpen(path, error);
  }
  return { ...openSound(path, SCHEMA_VERSION, sync), opening };
}

/** The file's schema, or what is wrong with it. Reads only. */
function inspect(path: string): number | { damage: string } {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    const version = readSchemaVersion(db);
    if (!version) return { damage: "it holds no journal" };
    if (version > SCHEMA_VERSION) throw tooNew(path, version);
    return findDamage(db, statSync(path).size) ?? version;
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const code = sqliteCode(error);
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return { damage: messageOf(error) };
    throw cannotOpen(path, error);
  } finally {
    db?.close();
  }
}

function findDamage(db: DatabaseSync, size: number): { damage: string } | null {
  if (size <= MAX_CHECKED_BYTES) {
    const verdict = db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (verdict !== "ok") return { damage: String(verdict) };
  }
  if (readMeta(db, "epoch") === null) return { damage: "its epoch is missing" };
  for (const order of ["ASC", "DESC"]) {
    const page = db
      .prepare(`SELECT first_seq, last_seq, body FROM pages ORDER BY first_seq ${order} LIMIT 1`)
      .get();
    if (page && splitPage(page).length !== Number(page["last_seq"]) - Number(page["first_seq"]) + 1)
      return { damage: "a page is torn" };
  }
  return null;
}

function splitPage(page: Record<string, unknown>): string[] {
  return String(page["body"]).split("\n");
}

function tooNew(path: string, version: number): CodedError {
  return new CodedError(
    "schema_too_new",
    `The journal ${path} has schema ${version}, made by a newer harnessd; this one knows schemas up to ${SCHEMA_VERSION}. ` +
      "It was left untouched. Start the newer harnessd, or give this one another state directory.",
  );
}

function openSound(path: string, version: number, sync: "normal" | "full"): OpenDatabase {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = 100; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${sync};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${CHECKPOINT_PAGES * 4096};`);
    if (version < SCHEMA_VERSION) migrate(db, version);
    const previousEnd = endOfLastOwner(db);
    writeMeta(db, CLOSED, "no");
    return { db, epoch: String(readMeta(db, "epoch")), opening: openingOf(version), previousEnd };
  } catch (error) {
    db.close();
    throw cannotOpen(path, error);
  }
}

function endOfLastOwner(db: DatabaseSync): PreviousEnd {
  const closed = readMeta(db, CLOSED);
  if (closed === null) return "none";
  return closed === "yes" ? "clean" : "crashed";
}

/** The last write before the database is closed. Without it the next owner believes in a crash, which does no harm. */
export function markClosed(db: DatabaseSync, onProblem: OnProblem): void {
  try {
    writeMeta(db, CLOSED, "yes");
  } catch (error) {
    onProblem({
      code: "close_unmarked",
      message: "The journal was written, but could not be marked as closed",
      error,
    });
  }
}

function openingOf(version: number): Opening {
  if (version === SCHEMA_VERSION) return { kind: "opened" };
  return { kind: "migrated", detail: `from schema ${version} to ${SCHEMA_VERSION}` };
}

/** Renames the file and what belongs to it; the new name. The file itself is last: until then the next owner finds it damaged again. */
function setAside(path: string, time: number): string {
  const stamp = new Date(time).toISOString().replaceAll(/[:.]/g, "-");
  let aside = path.replace(/\.db$/, `.damaged-${stamp}.db`);
  for (let n = 2; existsSync(aside); n++)
    aside = path.replace(/\.db$/, `.damaged-${stamp}-${n}.db`);
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}

function cannotOpen(path: string, cause: unknown): CodedError {
  return new CodedError(
    "cannot_open",
    `The journal ${path} cannot be opened: ${messageOf(cause)}`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
