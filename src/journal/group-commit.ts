// Collects what is to be written and commits it in groups: one transaction for all that happened in one turn of the event loop.
import type { DatabaseSync } from "node:sqlite";
import type { Entry } from "./entry.ts";
import { CodedError } from "../../tools/coded-error.ts";
import { type OnProblem, sqliteCode } from "./problem.ts";
import { inTransaction, type Pages } from "./pages.ts";

/** A write to other tables, in the same transaction. It may be done again when the commit has to be. */
export type Work = (db: DatabaseSync) => void;

/** A group is committed at once when it has grown to one of these, without waiting for the turn to end. */
const MAX_GROUP_BYTES = 1024 * 1024;
const MAX_GROUP_WORKS = 1_000;
/** How many table writes may wait while the disk refuses them. */
const MAX_PENDING_WORKS = 10_000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;
/** SQLite's codes for a machine in trouble (busy, out of memory, read-only, I/O, damaged, full, cannot open), which says nothing against the work that met it. */
const MACHINE_TROUBLE: ReadonlySet<number | null> = new Set([5, 7, 8, 10, 11, 13, 14]);

interface Group {
  readonly entries: Entry[];
  readonly works: Work[];
  facts: number;
  bytes: number;
  done: PromiseWithResolvers<void> | null;
}

export interface GroupCommitOptions {
  readonly db: DatabaseSync;
  readonly pages: Pages;
  readonly maxPendingBytes: number;
  readonly now: () => number;
  readonly onCommitted: (entries: readonly Entry[]) => void;
  readonly onProblem: OnProblem;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #group = emptyGroup();
  #scheduled: NodeJS.Immediate | null = null;
  #retry: NodeJS.Timeout | null = null;
  #failures = 0;
  #writing = false;
  #groups = 0;
  #lastCommitMs = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  get pending(): { facts: number; bytes: number } {
    return { facts: this.#group.facts, bytes: this.#group.bytes };
  }
  /** The last commit failed, and will be tried again. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }
  get groups(): number {
    return this.#groups;
  }
  get lastCommitMs(): number {
    return this.#lastCommitMs;
  }

  /** Throws when there is no room for one more in that share of all room, before anything has changed. */
  assertRoom(share = 1): void {
    if (this.#writing)
      throw new Error("A write alongside a fact cannot append to the journal itself");
    const { bytes, works } = this.#group;
    if (bytes < this.#options.maxPendingBytes * share && works.length < MAX_PENDING_WORKS * share)
      return;
    throw new CodedError(
      "too_much_pending",
      `The journal cannot write to its disk, and ${this.#group.facts} facts (${this.#group.bytes} bytes) wait already. Make room on the disk.`,
    );
  }

  addFact(entry: Entry, work: Work | undefined): void {
    this.#group.facts++;
    if (work) this.#group.works.push(work);
    this.#add(entry);
  }

  /** While the disk refuses, deltas are let go: nobody may see them before the facts in front of them. */
  addDelta(entry: Entry): void {
    if (this.#failures === 0) this.#add(entry);
  }

  addWork(work: Work): void {
    this.#group.works.push(work);
    this.#schedule();
  }

  #add(entry: Entry): void {
    this.#group.entries.push(entry);
    this.#group.bytes += entry.bytes;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#failures > 0) return;
    if (this.#group.bytes >= MAX_GROUP_BYTES || this.#group.works.length >= MAX_GROUP_WORKS)
      this.flush();
    else this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Resolves when all that was added so far is committed. */
  committed(): Promise<void> {
    const group = this.#group;
    if (group.entries.length === 0 && group.works.length === 0) return Promise.resolve();
    group.done ??= Promise.withResolvers();
    return group.done.promise;
  }

  /** Commits what waits, or keeps it and tries again later. */
  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = null;
    const group = this.#group;
    const started = performance.now();
    try {
      this.#write(group);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#group = emptyGroup();
    this.#succeed(performance.now() - started);
    this.#options.onCommitted(group.entries);
    group.done?.resolve();
  }

  #write({ entries, works, facts: count }: Group): void {
    if (count === 0 && works.length === 0) return;
    const { db, pages, now } = this.#options;
    const facts = count === entries.length ? entries : entries.filter((entry) => !entry.delta);
    let extent = pages.extent;
    this.#writing = true;
    try {
      inTransaction(db, () => {
        extent = pages.write(facts, now());
        for (const work of works) this.#perform(work);
      });
    } finally {
      this.#writing = false;
    }
    pages.accept(extent);
    this.#groups++;
  }

  /** One bad write must not keep the others' facts from the disk: it alone is undone and reported. */
  #perform(work: Work): void {
    const { db, onProblem } = this.#options;
    db.exec("SAVEPOINT alongside");
    try {
      work(db);
    } catch (error) {
      if (!db.isTransaction || MACHINE_TROUBLE.has(sqliteCode(error))) throw error;
      db.exec("ROLLBACK TO alongside");
      onProblem({
        code: "alongside_failed",
        message: "A table write was left out of its commit because it threw",
        error,
      });
    }
    db.exec("RELEASE alongside");
  }

  #succeed(durationMs: number): void {
    this.#lastCommitMs = durationMs;
    if (this.#failures === 0) return;
    this.#options.onProblem({
      code: "commit_recovered",
      message: `The journal writes again, after ${this.#failures} failed commits`,
    });
    this.#failures = 0;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #fail(error: unknown): void {
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LAST_RETRY_MS);
    if (this.#failures++ === 0) {
      this.#options.onProblem({
        code: "commit_failed",
        message: "The journal cannot write to its disk; it keeps its facts and tries again",
        error,
      });
    }
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.flush(), delayMs);
  }

  /** A last try. What still cannot be written is lost, and said to be; the answer is then false. */
  close(): boolean {
    this.flush();
    if (this.#retry) clearTimeout(this.#retry);
    const { facts, done } = this.#group;
    if (this.#failures === 0) return true;
    const message = `The journal was closed while its disk refused writes: ${facts} facts were not written`;
    this.#options.onProblem({ code: "facts_lost", message });
    done?.reject(new CodedError("shutting_down", message));
    return false;
  }
}

function emptyGroup(): Group {
  return { entries: [], works: [], facts: 0, bytes: 0, done: null };
}
