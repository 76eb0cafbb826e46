// What a journal is opened with, and what it is asked.
import type { EventFilter } from "../wire/event-filter.ts";
import type { Cursor, Gap } from "../wire/events.ts";
import type { Batch } from "./follower.ts";
import type { OnProblem } from "./problem.ts";
import type { RetentionLimits } from "./retention.ts";

export const DEFAULTS = {
  ringBytes: 8 * 1024 * 1024,
  maxPendingBytes: 64 * 1024 * 1024,
  /** Of one answer to `read`, and of one batch to a follower. */
  readBytes: 1024 * 1024,
  batchBytes: 256 * 1024,
  batchEvents: 4096,
};

export interface JournalOptions {
  /** Holds the database, its lock, and whatever was set aside. One daemon at a time. */
  readonly directory: string;
  /** `normal`: a crash or kill of the daemon loses nothing committed; a power failure may lose the last seconds. `full`: neither does, at the price of a disk flush a commit. */
  readonly sync?: "normal" | "full";
  /** Recent events kept in memory for all followers together. */
  readonly ringBytes?: number;
  /** What may wait while the disk refuses writes; beyond it `append` throws. */
  readonly maxPendingBytes?: number;
  readonly retention?: Partial<RetentionLimits>;
  /** Takes secrets out of an event's JSON before anything else sees it. Must leave it JSON. */
  readonly redact?: ((json: string) => string) | undefined;
  readonly now?: () => number;
  readonly onProblem?: OnProblem;
}

export interface ReadQuery {
  /** Null: from the oldest kept. */
  readonly after: Cursor | null;
  readonly filter: EventFilter;
  readonly limit: number;
  readonly maxBytes?: number;
}
export interface ReadAnswer {
  /** Facts, byte for byte. May be empty before the end, when a long stretch held nothing that the filter wants. */
  readonly events: string[];
  readonly cursor: Cursor;
  readonly gap: Gap | null;
  readonly atEnd: boolean;
}
export interface FollowQuery {
  /** Null: from now on. */
  readonly after: Cursor | null;
  readonly filter: EventFilter;
  readonly signal: AbortSignal;
  readonly maxBatchBytes?: number;
  readonly maxBatchEvents?: number;
}
export interface Following {
  /** Where delivery begins. */
  readonly cursor: Cursor;
  readonly gap: Gap | null;
  readonly batches: AsyncGenerator<Batch, void>;
}
