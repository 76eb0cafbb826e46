// The box's one durable, ordered record of facts, and the only place where its parts meet.
import type { DatabaseSync } from "node:sqlite";
import { DELTA_TYPES } from "../../harnesses/delta-types.ts";
import type { Cursor, EventBody } from "../wire/events.ts";
import { BatchBuilder } from "./batch.ts";
import { type About, type Entry, EntryWriter } from "./entry.ts";
import { Followers } from "./followers.ts";
import { GroupCommit, type Work } from "./group-commit.ts";
import { JournalError, type OnProblem } from "./journal-error.ts";
import {
  DEFAULTS,
  type Following,
  type FollowQuery,
  type JournalOptions,
  type ReadAnswer,
  type ReadQuery,
} from "./journal-options.ts";
import { type Lock, lockDirectory } from "./lock.ts";
import {
  markClosed,
  openDatabase,
  type OpenDatabase,
  type Opening,
  type PreviousEnd,
} from "./open-database.ts";
import { Pages } from "./pages.ts";
import { findPlace, type Place } from "./place.ts";
import { DEFAULT_RETENTION, type Pruned, Retention } from "./retention.ts";
import { Ring } from "./ring.ts";
import { noticeOfShortening } from "./shorten.ts";
import { type Subscriber, Subscribers } from "./subscribers.ts";

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
  readonly #writer: EntryWriter;
  readonly #pages: Pages;
  readonly #ring: Ring;
  readonly #commits: GroupCommit;
  readonly #subscribers: Subscribers;
  readonly #retention: Retention;
  readonly #followers: Followers;
  #lastSeq: number;
  #closed = false;

  /** Throws a JournalError that says what to do when the directory is in use, too new, or cannot be opened. */
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

  private constructor(
    options: JournalOptions,
    lock: Lock,
    { db, epoch, opening, previousEnd }: OpenDatabase,
  ) {
    const { now = Date.now, onProblem = () => {} } = options;
    this.opening = opening;
    this.previousEnd = previousEnd;
    this.epoch = epoch;
    this.database = db;
    this.#lock = lock;
    this.#onProblem = onProblem;
    this.#writer = new EntryWriter(epoch, now, options.redact);
    this.#pages = new Pages(db);
    this.#lastSeq = this.#pages.extent.headSeq;
    this.#ring = new Ring(options.ringBytes ?? DEFAULTS.ringBytes, this.#lastSeq);
    this.#followers = new Followers({
      epoch,
      pages: this.#pages,
      ring: this.#ring,
      isClosed: () => this.#closed,
    });
    this.#commits = new GroupCommit({
      db,
      pages: this.#pages,
      maxPendingBytes: options.maxPendingBytes ?? DEFAULTS.maxPendingBytes,
      now,
      onCommitted: (entries) => this.#publish(entries),
      onProblem,
    });
    this.#subscribers = new Subscribers(db, (work) => this.alongside(work));
    this.#retention = new Retention({
      pages: this.#pages,
      subscribers: this.#subscribers,
      limits: { ...DEFAULT_RETENTION, ...options.retention },
      now,
      onProblem,
      onDropped: (subscriber) => this.#reportDropped(subscriber),
    });
    if (opening.kind === "set_aside")
      onProblem({ code: "set_aside", message: opening.detail ?? "" });
  }

  /** The last fact committed. */
  get head(): Cursor {
    return this.#cursor(this.#pages.extent.headSeq);
  }
  /** Just before the oldest fact kept. */
  get oldest(): Cursor {
    return this.#cursor(this.#pages.extent.oldestSeq);
  }
  /** Just after the last fact appended, committed or not: the next fact comes here. */
  get tail(): Cursor {
    return this.#cursor(this.#lastSeq);
  }
  /** Why facts wait and nothing is written; null when all is well. */
  get problem(): string | null {
    return this.#commits.isFailing
      ? `the journal cannot write to its disk; ${this.#commits.pending.facts} facts wait`
      : null;
  }

  #cursor(seq: number): Cursor {
    return { epoch: this.epoch, seq };
  }

  /**
   * A fact gets its place at once (the answer), and is seen by nobody before it is committed; one that is too large is
   * shortened, and a notice behind it says so. A delta is never stored; the answer is the fact that it stands after. `alongside` writes to other tables in the fact's own transaction.
   */
  append(body: EventBody, about: About, alongside?: Work): number {
    this.#assertOpen();
    if (DELTA_TYPES.has(body.type) && "text" in body) {
      if (this.#followers.count > 0)
        this.#commits.addDelta(this.#writer.delta(this.#lastSeq, body, about));
      return this.#lastSeq;
    }
    this.#commits.assertRoom();
    const entry = this.#writer.fact(this.#lastSeq + 1, body, about);
    this.#lastSeq = entry.seq;
    this.#commits.addFact(entry, alongside);
    if (entry.shortenedFrom !== undefined)
      this.append(noticeOfShortening(entry, entry.shortenedFrom), about);
    return entry.seq;
  }

  /** Throws `too_much_pending` while the disk refuses and much waits already: for who is about to begin something whose end must find room too. */
  assertRoomForMore(): void {
    this.#assertOpen();
    this.#commits.assertRoom(NEW_WORK_SHARE);
  }

  /** A table write without a fact, in the next commit. */
  alongside(work: Work): void {
    this.#assertOpen();
    this.#commits.assertRoom();
    this.#commits.addWork(work);
  }

  /** Resolves when all that was appended so far is durable. */
  committed(): Promise<void> {
    return this.#commits.committed();
  }

  #publish(entries: readonly Entry[]): void {
    this.#ring.push(entries);
    this.#followers.wake();
    this.#retention.afterCommit();
  }

  /** One page of facts from disk. */
  read({ after, filter, limit, maxBytes = DEFAULTS.readBytes }: ReadQuery): ReadAnswer {
    this.#assertOpen();
    const { seq, gap } = this.#placeOf(after ?? this.oldest);
    const batch = new BatchBuilder({ maxEvents: limit, maxBytes });
    const passed = this.#pages.scan(seq, filter, (json) => batch.takeFact(json));
    return {
      events: batch.finish(),
      cursor: this.#cursor(passed),
      gap,
      atEnd: passed >= this.#pages.extent.headSeq,
    };
  }

  /**
   * The facts after the cursor and then what comes live, with no hole and no repeat between the two, for as long as the
   * batches are asked for and the signal lets them. Deltas are live only. A slow reader costs nothing but its own time.
   */
  follow({
    after,
    filter,
    signal,
    maxBatchBytes = DEFAULTS.batchBytes,
    maxBatchEvents = DEFAULTS.batchEvents,
  }: FollowQuery): Following {
    this.#assertOpen();
    const { seq, gap } = this.#placeOf(after ?? this.head);
    const limits = { maxBytes: maxBatchBytes, maxEvents: maxBatchEvents };
    return {
      cursor: this.#cursor(seq),
      gap,
      batches: this.#followers.add(seq, filter, limits, signal),
    };
  }

  #placeOf(after: Cursor): Place {
    return findPlace(after, { ...this.#pages.extent, epoch: this.epoch, lastSeq: this.#lastSeq });
  }

  /** From here on the journal keeps what this subscriber has not acknowledged. `after`: where a new one starts; absent: at the head. */
  register(subscriber: string, after?: Cursor): void {
    if (!this.#subscribers.has(subscriber)) this.acknowledge(subscriber, after ?? this.head);
  }

  /** All facts up to the cursor are safe with the subscriber. Never goes back; a cursor of another epoch says nothing. The answer is what now holds. */
  acknowledge(subscriber: string, cursor: Cursor): Cursor {
    const said =
      cursor.epoch === this.epoch ? Math.min(cursor.seq, this.head.seq) : this.oldest.seq;
    return this.#cursor(this.#subscribers.acknowledge(subscriber, said));
  }

  /** False when there was no such subscriber. */
  forget(subscriber: string): boolean {
    return this.#subscribers.remove(subscriber);
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
    this.#retention.hold(runId);
  }
  releaseRun(runId: string): void {
    this.#retention.release(runId);
  }

  /** One bounded step of retention. The journal does this by itself, as it grows and as time passes. */
  prune(): Pruned {
    this.#assertOpen();
    return this.#retention.prune();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new JournalError("closed", "The journal is closed: harnessd is shutting down");
  }

  /** Resolves when every follower has been given all facts so far, or when the time is over: a slow one must not hold up an end. */
  caughtUp(withinMs: number): Promise<void> {
    return this.#followers.caughtUp(withinMs);
  }

  /** Commits what waits and lets the directory go. Followers still get what is in memory, then end. */
  close(): void {
    if (this.#closed) return;
    const isWritten = this.#commits.close();
    this.#closed = true;
    this.#retention.stop();
    this.#followers.wake();
    if (isWritten) markClosed(this.database, this.#onProblem);
    this.database.close();
    this.#lock.release();
  }

  /** Figures for `/metrics`. */
  stats() {
    const { oldestSeq, headSeq, startByte, endByte } = this.#pages.extent;
    const { facts: pending, bytes: pendingBytes } = this.#commits.pending;
    return {
      facts: headSeq - oldestSeq,
      bytes: endByte - startByte,
      pending,
      pendingBytes,
      ringEntries: this.#ring.end - this.#ring.start,
      ringBytes: this.#ring.bytes,
      followers: this.#followers.count,
      subscribers: this.#subscribers.count,
      groups: this.#commits.groups,
      lastCommitMs: this.#commits.lastCommitMs,
    };
  }
}
