// The facts on disk: a page is one row, holding the lines of one commit or of a part of it.
import { Buffer } from "node:buffer";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EventFilter } from "../wire/event-filter.ts";
import type { Entry } from "./entry.ts";
import { makeMatcher, readTraits } from "./filter.ts";
import { CodedError } from "../../tools/coded-error.ts";

/** A page is cut when it has this much text; only a single fact may be longer. */
const PAGE_BYTES = 64 * 1024;
/** A read that finds little of what it looks for gives up after this much text, and the reader asks again. */
const MAX_SCAN_BYTES = 4 * 1024 * 1024;

/** Which part of the journal is on disk. Byte counts go on for ever, so that their difference is what is kept. */
export interface Extent {
  /** The fact just before the oldest kept, and the newest. */
  readonly oldestSeq: number;
  readonly headSeq: number;
  readonly startByte: number;
  readonly endByte: number;
}
/** A page without its text. */
export interface PageHead {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly time: number;
  readonly start_byte: number;
  readonly bytes: number;
  readonly runs: string;
  readonly processes: string;
}
interface PageRow {
  readonly first_seq: number;
  readonly last_seq: number;
  readonly body: string;
}

export class Pages {
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #db: DatabaseSync;
  #extent: Extent;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepareStatements(db);
    this.#extent = this.#measure();
  }

  get extent(): Extent {
    return this.#extent;
  }

  /** Writes facts, inside the caller's transaction. What it returns holds once that is committed, and is then given to `accept`. */
  write(facts: readonly Entry[], time: number): Extent {
    let extent = this.#extent;
    for (let start = 0; start < facts.length;) {
      const end = endOfPage(facts, start);
      extent = this.#writePage(facts.slice(start, end), time, extent);
      start = end;
    }
    return extent;
  }

  accept(extent: Extent): void {
    this.#extent = extent;
  }

  #writePage(facts: readonly Entry[], time: number, before: Extent): Extent {
    const first = before.headSeq + 1;
    const last = before.headSeq + facts.length;
    const body = facts.map((fact) => fact.json).join("\n");
    const bytes = Buffer.byteLength(body);
    const runs = distinct(facts, "runId");
    const processes = distinct(facts, "processId");
    this.#statements.insert.run(
      first,
      last,
      time,
      before.endByte,
      bytes,
      JSON.stringify(runs),
      JSON.stringify(processes),
      body,
    );
    for (const run of runs) this.#statements.insertRun.run(run, first);
    for (const process of processes) this.#statements.insertProcess.run(process, first);
    return { ...before, headSeq: last, endByte: before.endByte + bytes };
  }

  /**
   * Offers the facts after `seq` that match, oldest first, until `take` refuses one or enough was looked at.
   * The answer is the last fact passed: taken, or not wanted.
   */
  scan(seq: number, filter: EventFilter, take: (json: string) => boolean): number {
    const matches = makeMatcher(filter);
    let scanned = 0;
    for (const page of this.#select(seq, filter)) {
      for (
        let next = Math.max(page.first_seq, seq + 1), lines = splitPage(page);
        next <= page.last_seq;
        next++
      ) {
        const line = lines[next - page.first_seq] as string;
        if ((!matches || matches(readTraits(line))) && !take(line)) return next - 1;
      }
      scanned += page.body.length;
      if (scanned >= MAX_SCAN_BYTES) return page.last_seq;
    }
    return Math.max(seq, this.#extent.headSeq);
  }

  /** The page that holds the next fact, then those behind it, each read only when it is asked for. */
  *#select(seq: number, filter: EventFilter): Generator<PageRow> {
    try {
      yield* this.#iterate(seq + 1, filter) as Iterable<PageRow>;
    } catch (error) {
      const message =
        "A page of the journal cannot be read. Restart harnessd: it will set the damaged file aside.";
      throw new CodedError("damaged", message, { cause: error });
    }
  }

  #iterate(next: number, { runId, processId }: EventFilter): Iterable<unknown> {
    const { ofAll, ofRun, ofProcess } = this.#statements;
    if (runId !== undefined) return ofRun.iterate(next, runId);
    if (processId !== undefined) return ofProcess.iterate(next, processId);
    return ofAll.iterate(next);
  }

  /** Removes the oldest pages as long as `goes` says so, at most `limit` of them, in a transaction of its own. */
  removeOldest(limit: number, goes: (page: PageHead) => boolean): readonly PageHead[] {
    const heads = this.#statements.heads.all(limit) as unknown[] as PageHead[];
    const kept = heads.findIndex((page) => page.last_seq === this.#extent.headSeq || !goes(page));
    const gone = kept === -1 ? heads : heads.slice(0, kept);
    const last = gone.at(-1);
    if (!last) return [];
    inTransaction(this.#db, () => {
      for (const page of gone) this.#unindex(page);
      this.#statements.remove.run(last.first_seq);
    });
    this.#extent = {
      ...this.#extent,
      oldestSeq: last.last_seq,
      startByte: last.start_byte + last.bytes,
    };
    return gone;
  }

  #unindex({ first_seq, runs, processes }: PageHead): void {
    for (const run of JSON.parse(runs) as string[]) this.#statements.removeRun.run(run, first_seq);
    for (const process of JSON.parse(processes) as string[])
      this.#statements.removeProcess.run(process, first_seq);
  }

  /** How much is kept from the page on that holds the fact after `seq`. */
  bytesAfter(seq: number): number {
    const { headSeq, startByte, endByte } = this.#extent;
    if (seq >= headSeq) return 0;
    return endByte - Number(this.#statements.startOf.get(seq + 1)?.["start_byte"] ?? startByte);
  }

  /** The place of a run's oldest page, or null when nothing of it is on disk. */
  firstSeqOfRun(runId: string): number | null {
    const first = this.#statements.firstOfRun.get(runId)?.["first_seq"];
    return typeof first === "number" ? first : null;
  }

  /** Cheap, since each page says where it starts. */
  #measure(): Extent {
    const oldest = this.#statements.oldest.get();
    const newest = this.#statements.newest.get();
    if (!oldest || !newest) return { oldestSeq: 0, headSeq: 0, startByte: 0, endByte: 0 };
    return {
      oldestSeq: Number(oldest["first_seq"]) - 1,
      headSeq: Number(newest["last_seq"]),
      startByte: Number(oldest["start_byte"]),
      endByte: Number(newest["start_byte"]) + Number(newest["bytes"]),
    };
  }
}

function endOfPage(facts: readonly Entry[], start: number): number {
  let end = start;
  for (let bytes = 0; end < facts.length && bytes < PAGE_BYTES; end++)
    bytes += (facts[end] as Entry).json.length;
  return end;
}

function distinct(facts: readonly Entry[], id: "runId" | "processId"): string[] {
  const found = new Set<string>();
  let last: string | undefined;
  for (const fact of facts) {
    if (fact[id] !== undefined && fact[id] !== last) found.add((last = fact[id]));
  }
  return [...found];
}

function splitPage({ first_seq, last_seq, body }: PageRow): string[] {
  const lines = body.split("\n");
  if (lines.length === last_seq - first_seq + 1) return lines;
  throw new CodedError(
    "damaged",
    `The journal's page of facts ${first_seq} to ${last_seq} is torn. Restart harnessd: it will set the file aside.`,
  );
}

/** All of the work or, when it throws, nothing of it. */
export function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work();
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function prepareStatements(db: DatabaseSync) {
  const pageOfNext = "(SELECT coalesce(max(first_seq), 0) FROM pages WHERE first_seq <= ?1)";
  const indexed = (table: string, id: string): StatementSync =>
    db.prepare(`SELECT pages.first_seq, last_seq, body FROM ${table} JOIN pages USING (first_seq)
      WHERE ${id} = ?2 AND ${table}.first_seq >= ${pageOfNext} ORDER BY ${table}.first_seq`);
  return {
    insert: db.prepare("INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    insertRun: db.prepare("INSERT INTO page_runs VALUES (?, ?)"),
    insertProcess: db.prepare("INSERT INTO page_processes VALUES (?, ?)"),
    ofAll: db.prepare(
      `SELECT first_seq, last_seq, body FROM pages WHERE first_seq >= ${pageOfNext} ORDER BY first_seq`,
    ),
    ofRun: indexed("page_runs", "run_id"),
    ofProcess: indexed("page_processes", "process_id"),
    firstOfRun: db.prepare("SELECT min(first_seq) AS first_seq FROM page_runs WHERE run_id = ?"),
    oldest: db.prepare("SELECT first_seq, start_byte FROM pages ORDER BY first_seq LIMIT 1"),
    newest: db.prepare(
      "SELECT last_seq, start_byte, bytes FROM pages ORDER BY first_seq DESC LIMIT 1",
    ),
    startOf: db.prepare(
      "SELECT start_byte FROM pages WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1",
    ),
    heads: db.prepare(
      "SELECT first_seq, last_seq, time, start_byte, bytes, runs, processes FROM pages ORDER BY first_seq LIMIT ?",
    ),
    remove: db.prepare("DELETE FROM pages WHERE first_seq <= ?"),
    removeRun: db.prepare("DELETE FROM page_runs WHERE run_id = ? AND first_seq = ?"),
    removeProcess: db.prepare("DELETE FROM page_processes WHERE process_id = ? AND first_seq = ?"),
  };
}
