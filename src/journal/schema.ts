// The tables of the journal's database, as the ordered steps that made them.
import type { DatabaseSync } from "node:sqlite";

/** A page is one row with the facts of (part of) one commit, so that a fact costs a line of text and not a row. */
const journalTables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE pages (
    first_seq INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    time INTEGER NOT NULL,       -- of the commit, milliseconds since 1970
    start_byte INTEGER NOT NULL, -- bytes of all pages ever written before this one
    bytes INTEGER NOT NULL,
    runs TEXT NOT NULL,          -- JSON: the distinct run ids on this page
    processes TEXT NOT NULL,     -- JSON: the distinct process ids
    body TEXT NOT NULL           -- the facts' JSON, one a line, the last without a newline
  );
  CREATE TABLE page_runs (run_id TEXT NOT NULL, first_seq INTEGER NOT NULL, PRIMARY KEY (run_id, first_seq)) WITHOUT ROWID;
  CREATE TABLE page_processes (process_id TEXT NOT NULL, first_seq INTEGER NOT NULL, PRIMARY KEY (process_id, first_seq)) WITHOUT ROWID;
  CREATE TABLE subscribers (name TEXT PRIMARY KEY, acknowledged_seq INTEGER NOT NULL) WITHOUT ROWID;
`;

const runTables = `
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    key TEXT UNIQUE,
    fingerprint TEXT,
    state TEXT NOT NULL,
    outcome TEXT,
    harness TEXT NOT NULL,
    session_id TEXT NOT NULL,
    created_seq INTEGER NOT NULL,
    body TEXT NOT NULL,          -- the Run, as JSON
    request TEXT
  );
  CREATE INDEX runs_newest ON runs (created_seq);
  CREATE INDEX runs_of_state ON runs (state, created_seq);
  CREATE INDEX runs_of_session ON runs (session_id, created_seq);
  CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    harness TEXT NOT NULL,
    cwd TEXT NOT NULL,
    token TEXT,
    totals TEXT NOT NULL,        -- JSON: what the harness had reported in sum when its last run ended
    created_at TEXT NOT NULL,
    last_run_at TEXT,
    runs INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX sessions_newest ON sessions (last_run_at, session_id);
  CREATE TABLE open_processes (process_id TEXT PRIMARY KEY, run_id TEXT) WITHOUT ROWID;
`;

/** Step n leads from schema n to n + 1. Steps are only ever added: old journals are out there. */
export const MIGRATIONS: readonly string[] = [journalTables, runTables];
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The schema of a database: 0 when it is empty, null when it is not a journal's. */
export function readSchemaVersion(db: DatabaseSync): number | null {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (tables.length === 0) return 0;
  if (!tables.some((table) => table["name"] === "meta")) return null;
  const version = Number(readMeta(db, "schema"));
  return Number.isInteger(version) && version > 0 ? version : null;
}

/** Brings a database of any older schema to `steps.length`, in one transaction: all of it or nothing. */
export function migrate(
  db: DatabaseSync,
  from: number,
  steps: readonly string[] = MIGRATIONS,
): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of steps.slice(from)) db.exec(step);
    writeMeta(db, "schema", String(steps.length));
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

export function readMeta(db: DatabaseSync, key: string): string | null {
  const value = db.prepare("SELECT value FROM meta WHERE key = ?").get(key)?.["value"];
  return typeof value === "string" ? value : null;
}

export function writeMeta(db: DatabaseSync, key: string, value: string): void {
  db.prepare(
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  ).run(key, value);
}
