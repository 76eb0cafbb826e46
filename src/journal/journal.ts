// The box's one durable, ordered record of facts, and the only place where its parts meet.
import type { DatabaseSync } from "node:sqlite";
import { type Cursor, type EventBody, isDelta } from "../wire/events.ts";
import type { About, Entry } from "./entry.ts";
import type { Work } from "./group-commit.ts";
import { CodedError } from "../../tools/coded-error.ts";
import { type OnProblem } from "./problem.ts";
import type {
  Following,
  FollowQuery,
  JournalOptions,
  ReadAnswer,
  ReadQuery,
} from "./journal-options.ts";
import {
  type JournalParts,
  journalParts,
  type JournalStats,
  journalStats,
} from "./journal-parts.ts";
import { type Lock, lockDirectory } from "./lock.ts";
import {
  markClosed,
  openDatabase,
  type OpenDatabase,
  type Opening,
  type PreviousEnd,
} from "./open-database.ts";
import type { Pruned } from "./retention.ts";
import { noticeOfShortening } from "./shorten.ts";
import type { Subscriber } from "./subscribers.ts";

export type { About } from "./entry.ts";
export type { Batch } from "./follower.ts";
export type {
  Following,
  FollowQuery,
  JournalOptions,
  ReadAnswer,
  ReadQuery,
} from "./journal-options.ts";
export type { Opening } from "./open-database.ts";

/** How much of what may wait for the disk may be facts that begin something. */
const NEW_WORK_SHARE = 0.5;

export class Journal {
  readonly opening: Opening;
  readonly previousEnd: PreviousEnd;
  readonly epoch: string;
  readonly database: DatabaseSync;
  readonly #lock: Lock;
  readonly #onProblem: OnProblem;
  readonly #parts: JournalParts;
  #lastSeq: number;
  #closed = false;

  /** Throws a CodedError that says what to do when the directory is in use, too new, or cannot be opened. */
  static open(options: JournalOptions): Journal {
    const lock = lockDirectory(options.directory);
    try {
      return new Journal(
        options,
        lock,
        openDatabase(options.directory, options.sync ?? "normal", options.now ?? Date.now),
      );
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(options: JournalOptions, lock: Lock, opened: OpenDatabase) {
    const { onProblem = () => {} } = options;
    this.opening = opened.opening;
    this.previousEnd = opened.previousEnd;
    this.epoch = opened.epoch;
    this.database = opened.db;
    this.#lock = lock;
    this.#onProblem = onProblem;
    this.#parts = journalParts(options, opened, {
      isClosed: () => this.#closed,
      lastSeq: () => this.#lastSeq,
      alongside: (work) => this.alongside(work),
      onCommitted: (entries) => this.#publish(entries),
      onDropped: (subscriber) => this.#reportDropped(subscriber),
    });
    this.#lastSeq = this.#parts.pages.extent.headSeq;
    if (opened.opening.kind === "set_aside")
      onProblem({ code: "set_aside", message: opened.opening.detail ?? "" });
  }

  /** The last fact committed. */
  get head(): Cursor {
    return this.#parts.reading.head;
  }
  /** Just before the oldest fact kept. */
  get oldest(): Cursor {
    return this.#parts.reading.oldest;
  }
  /** Just after the last fact appended, committed or not: the next fact comes here. */
  get tail(): Cursor {
    return this.#parts.reading.cursor(this.#lastSeq);
  }
  /** JSON without the secrets that no event shows either. */
  clean(json: string): string {
    return this.#parts.writer.clean(json);
  }

  /** Why facts wait and nothing is written; null when all is well. */
  get problem(): string | null {
    return this.#parts.commits.isFailing
      ? `the journal cannot write to its disk; ${this.#parts.commits.pending.facts} facts wait`
      : null;
  }

  /**
   * A fact gets its place at once (the answer), and is seen by nobody before it is committed; one that is too large is
   * shortened, and a notice behind it says so. A delta is never stored; the answer is the fact that it stands after. `alongside` writes to other tables in the fact's own transaction.
   */
  append(body: EventBody, about: About, alongside?: Work): number {
    this.#assertOpen();
    if (isDelta(body)) {
      if (this.#parts.followers.count > 0)
        this.#parts.commits.addDelta(this.#parts.writer.delta(this.#lastSeq, body, about));
      return this.#lastSeq;
    }
    this.#parts.commits.assertRoom();
    const entry = this.#parts.writer.fact(this.#lastSeq + 1, body, about);
    this.#lastSeq = entry.seq;
    this.#parts.commits.addFact(entry, alongside);
    if (entry.shortenedFrom !== undefined)
      this.append(noticeOfShortening(entry, entry.shortenedFrom), about);
    return entry.seq;
  }

  /** Throws `too_much_pending` while the disk refuses and much waits already: for who is about to begin something whose end must find room too. */
  assertRoomForMore(): void {
    this.#assertOpen();
    this.#parts.commits.assertRoom(NEW_WORK_SHARE);
  }

  /** A table write without a fact, in the next commit. */
  alongside(work: Work): void {
    this.#assertOpen();
    this.#parts.commits.assertRoom();
    this.#parts.commits.addWork(work);
  }

  /** Resolves when all that was appended so far is durable. */
  committed(): Promise<void> {
    return this.#parts.commits.committed();
  }

  #publish(entries: readonly Entry[]): void {
    this.#parts.ring.push(entries);
    this.#parts.followers.wake();
    this.#parts.retention.afterCommit();
  }

  /** One page of facts from disk. */
  read(query: ReadQuery): ReadAnswer {
    this.#assertOpen();
    return this.#parts.reading.read(query);
  }

  /**
   * The facts after the cursor and then what comes live, with no hole and no repeat between the two, for as long as the
   * batches are asked for and the signal lets them. Deltas are live only. A slow reader costs nothing but its own time.
   */
  follow(query: FollowQuery): Following {
    this.#assertOpen();
    return this.#parts.reading.follow(query);
  }

  /** From here on the journal keeps what this subscriber has not acknowledged. `after`: where a new one starts; absent: at the head. */
  register(subscriber: string, after?: Cursor): void {
    if (!this.#parts.subscribers.has(subscriber)) this.acknowledge(subscriber, after ?? this.head);
  }

  /** All facts up to the cursor are safe with the subscriber. Never goes back; a cursor of another epoch says nothing. The answer is what now holds. */
  acknowledge(subscriber: string, cursor: Cursor): Cursor {
    const said =
      cursor.epoch === this.epoch ? Math.min(cursor.seq, this.head.seq) : this.oldest.seq;
    return this.#parts.reading.cursor(this.#parts.subscribers.acknowledge(subscriber, said));
  }

  /** False when there was no such subscriber. */
  forget(subscriber: string): boolean {
    return this.#parts.subscribers.remove(subscriber);
  }

  #reportDropped({ name, acknowledgedSeq }: Subscriber): void {
    const message = `The journal no longer keeps facts for "${name}": it acknowledged nothing after ${acknowledgedSeq}, and held more than allowed`;
    this.#onProblem({ code: "subscriber_dropped", message });
    this.append(
      {
        type: "notice",
        code: "subscriber_dropped",
        message,
        data: { subscriber: name, acknowledgedSeq },
      },
      { source: "daemon" },
    );
  }

  /** No fact of the run is removed until it is released. */
  holdRun(runId: string): void {
    this.#parts.retention.hold(runId);
  }
  releaseRun(runId: string): void {
    this.#parts.retention.release(runId);
  }

  /** One bounded step of retention. The journal does this by itself, as it grows and as time passes. */
  prune(): Pruned {
    this.#assertOpen();
    return this.#parts.retention.prune();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new CodedError("shutting_down", "The journal is closed: harnessd is shutting down");
  }

  /** Resolves when every follower has been given all facts so far, or when the time is over: a slow one must not hold up an end. */
  caughtUp(withinMs: number): Promise<void> {
    return this.#parts.followers.caughtUp(withinMs);
  }

  /** Commits what waits and lets the directory go. Followers still get what is in memory, then end. */
  close(): void {
    if (this.#closed) return;
    const isWritten = this.#parts.commits.close();
    this.#closed = true;
    this.#parts.retention.stop();
    this.#parts.followers.wake();
    if (isWritten) markClosed(this.database, this.#onProblem);
    this.database.close();
    this.#lock.release();
  }

  /** Figures for `/metrics`. */
  stats(): JournalStats {
    return journalStats(this.#parts);
  }
}
