// The parts of a journal, made from an opened database and joined to the journal that owns them.
import type { Entry } from "./entry.ts";
import { EntryWriter } from "./entry.ts";
import { Followers } from "./followers.ts";
import { GroupCommit, type Work } from "./group-commit.ts";
import { DEFAULTS, type JournalOptions } from "./journal-options.ts";
import type { OpenDatabase } from "./open-database.ts";
import { Pages } from "./pages.ts";
import { Reading } from "./reading.ts";
import { DEFAULT_RETENTION, Retention } from "./retention.ts";
import { Ring } from "./ring.ts";
import { type Subscriber, Subscribers } from "./subscribers.ts";

/** What the parts ask of the journal, and report to it. */
export interface JournalHooks {
  readonly isClosed: () => boolean;
  /** The newest fact that has been given a number. */
  readonly lastSeq: () => number;
  readonly alongside: (work: Work) => void;
  readonly onCommitted: (entries: readonly Entry[]) => void;
  readonly onDropped: (subscriber: Subscriber) => void;
}

export interface JournalParts {
  readonly writer: EntryWriter;
  readonly pages: Pages;
  readonly ring: Ring;
  readonly followers: Followers;
  readonly reading: Reading;
  readonly commits: GroupCommit;
  readonly subscribers: Subscribers;
  readonly retention: Retention;
}

export function journalParts(
  options: JournalOptions,
  { db, epoch }: OpenDatabase,
  hooks: JournalHooks,
): JournalParts {
  const { now = Date.now, onProblem = () => {} } = options;
  const { isClosed, lastSeq, alongside, onCommitted, onDropped } = hooks;
  const pages = new Pages(db);
  const ring = new Ring(options.ringBytes ?? DEFAULTS.ringBytes, pages.extent.headSeq);
  const followers = new Followers({ epoch, pages, ring, isClosed });
  const maxPendingBytes = options.maxPendingBytes ?? DEFAULTS.maxPendingBytes;
  const subscribers = new Subscribers(db, alongside);
  const limits = { ...DEFAULT_RETENTION, ...options.retention };
  return {
    writer: new EntryWriter(epoch, now, options.redact),
    pages,
    ring,
    followers,
    reading: new Reading({ epoch, pages, followers, lastSeq }),
    commits: new GroupCommit({ db, pages, maxPendingBytes, now, onCommitted, onProblem }),
    subscribers,
    retention: new Retention({ pages, subscribers, limits, now, onProblem, onDropped }),
  };
}

export type JournalStats = ReturnType<typeof journalStats>;

/** Counts, bytes, and the last commit's time in ms. */
export function journalStats({ pages, commits, ring, followers, subscribers }: JournalParts) {
  const { oldestSeq, headSeq, startByte, endByte } = pages.extent;
  const { facts: pending, bytes: pendingBytes } = commits.pending;
  return {
    facts: headSeq - oldestSeq,
    bytes: endByte - startByte,
    pending,
    pendingBytes,
    ringEntries: ring.end - ring.start,
    ringBytes: ring.bytes,
    followers: followers.count,
    subscribers: subscribers.count,
    groups: commits.groups,
    lastCommitMs: commits.lastCommitMs,
  };
}
