// Runs and sessions in the journal's database: written in the same transaction as the facts that they follow from.
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Run, RunRequest, Session } from "../../wire/methods.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import type { Totals } from "./totals.ts";

/** A write to be made inside a group commit of the journal. */
export type Write = (db: DatabaseSync) => void;

/** Several writes as one. */
export function allOf(writes: readonly Write[]): Write {
  return (db) => {
    for (const write of writes) write(db);
  };
}

/** A session with what only the daemon needs to know of it. */
export interface SessionRecord extends Session {
  /** What the harness needs to go on from here; null before it has said so. */
  readonly token: string | null;
  /** Sums that the harness had reported by the end of its last run. */
  readonly totals: Readonly<Record<string, Totals>>;
}

export interface RunFilter {
  readonly state?: Run["state"] | undefined;
  readonly outcome?: Run["outcome"] | undefined;
  readonly harness?: string | undefined;
  readonly sessionId?: string | undefined;
}

export interface Page<Item> {
  readonly items: Item[];
  readonly nextPageToken: string | null;
}

interface RunRow {
  readonly created_seq: number;
  readonly body: string;
}

interface SessionRow {
  readonly session_id: string;
  readonly harness: string;
  readonly cwd: string;
  readonly token: string | null;
  readonly totals: string;
  readonly created_at: string;
  readonly last_run_at: string | null;
  readonly runs: number;
}

export class RunStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get(runId: string): Run | undefined {
    return bodyOf(this.#prepare("SELECT created_seq, body FROM runs WHERE run_id = ?").get(runId));
  }

  /** The run that a key stands for, with the fingerprint of what it was started with. */
  findByKey(key: string): { run: Run; fingerprint: string } | undefined {
    const row = this.#prepare("SELECT body, fingerprint FROM runs WHERE key = ?").get(key);
    return row && { run: bodyOf(row) as Run, fingerprint: String(row["fingerprint"]) };
  }

  /** Newest first. */
  list(filter: RunFilter, limit: number, pageToken: string | undefined): Page<Run> {
    const columns = {
      state: filter.state,
      outcome: filter.outcome,
      harness: filter.harness,
      session_id: filter.sessionId,
    };
    const given = Object.entries(columns).filter(
      (each): each is [string, string] => typeof each[1] === "string",
    );
    const before = pageStart(pageToken, Number.MAX_SAFE_INTEGER);
    const where = ["created_seq < ?", ...given.map(([column]) => `${column} = ?`)].join(" AND ");
    const sql = `SELECT created_seq, body FROM runs WHERE ${where} ORDER BY created_seq DESC LIMIT ?`;
    const values: SQLInputValue[] = [before, ...given.map(([, value]) => value), limit + 1];
    const rows = this.#prepare(sql).all(...values) as unknown as RunRow[];
    const shown = rows.slice(0, limit);
    return {
      items: shown.map((row) => JSON.parse(row.body) as Run),
      nextPageToken: rows.length > limit ? String(shown.at(-1)?.created_seq) : null,
    };
  }

  /** Runs that a crash left open, oldest first; `request` is null where it was not kept. */
  unended(): { run: Run; request: RunRequest | null }[] {
    const rows = this.#prepare(
      "SELECT body, request FROM runs WHERE state <> 'ended' ORDER BY created_seq",
    ).all();
    return rows.map((row) => ({
      run: bodyOf(row) as Run,
      request:
        typeof row["request"] === "string" ? (JSON.parse(row["request"]) as RunRequest) : null,
    }));
  }

  insert(run: Run, fingerprint: string, request: RunRequest | null): Write {
    const sql = `INSERT INTO runs (run_id, key, fingerprint, state, outcome, harness, session_id, created_seq, body, request)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const { runId, key, state, outcome, harness, sessionId, cursor } = run;
    const kept = request && JSON.stringify(request);
    return () =>
      this.#prepare(sql).run(
        runId,
        key,
        fingerprint,
        state,
        outcome,
        harness,
        sessionId,
        cursor.seq,
        JSON.stringify(run),
        kept,
      );
  }

  /** The request is kept only while the run waits: it may hold what a host would not want on disk. */
  update(run: Run): Write {
    const sql = "UPDATE runs SET state = ?, outcome = ?, body = ?, request = NULL WHERE run_id = ?";
    return () => this.#prepare(sql).run(run.state, run.outcome, JSON.stringify(run), run.runId);
  }

  session(sessionId: string): SessionRecord | undefined {
    const row = this.#prepare("SELECT * FROM sessions WHERE session_id = ?").get(sessionId);
    return row && sessionOf(row as unknown as SessionRow);
  }

  /** Last used first. */
  listSessions(limit: number, pageToken: string | undefined): Page<Session> {
    const offset = pageStart(pageToken, 0);
    const sql =
      "SELECT * FROM sessions ORDER BY last_run_at DESC, session_id DESC LIMIT ? OFFSET ?";
    const rows = this.#prepare(sql).all(limit + 1, offset) as unknown as SessionRow[];
    const sessions = rows.slice(0, limit).map((row) => {
      const { sessionId, harness, cwd, createdAt, lastRunAt, runs } = sessionOf(row);
      return { sessionId, harness, cwd, createdAt, lastRunAt, runs };
    });
    return { items: sessions, nextPageToken: rows.length > limit ? String(offset + limit) : null };
  }

  saveSession(session: SessionRecord): Write {
    const sql = `INSERT INTO sessions (session_id, harness, cwd, token, totals, created_at, last_run_at, runs) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (session_id) DO UPDATE SET token = excluded.token, totals = excluded.totals,
                   last_run_at = excluded.last_run_at, runs = excluded.runs`;
    const { sessionId, harness, cwd, token, totals, createdAt, lastRunAt, runs } = session;
    return () =>
      this.#prepare(sql).run(
        sessionId,
        harness,
        cwd,
        token,
        JSON.stringify(totals),
        createdAt,
        lastRunAt,
        runs,
      );
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function pageStart(pageToken: string | undefined, first: number): number {
  const start = pageToken === undefined ? first : Number(pageToken);
  if (Number.isSafeInteger(start) && start >= 0) return start;
  throw new CodedError(
    "invalid_page_token",
    "pageToken must be the nextPageToken of an earlier page",
  );
}

function bodyOf(row: Record<string, unknown> | undefined): Run | undefined {
  return row && (JSON.parse(String(row["body"])) as Run);
}

function sessionOf(row: SessionRow): SessionRecord {
  return {
    sessionId: row.session_id,
    harness: row.harness,
    cwd: row.cwd,
    token: row.token,
    totals: JSON.parse(row.totals) as Record<string, Totals>,
    createdAt: row.created_at,
    lastRunAt: row.last_run_at,
    runs: row.runs,
  };
}
