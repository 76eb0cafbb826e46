// Decides which of the oldest facts may go: by age and by size, but nothing that an acknowledgement or a live run still needs.
import type { OnProblem } from "./problem.ts";
import type { Pages } from "./pages.ts";
import type { Subscriber, Subscribers } from "./subscribers.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const GIB = 1024 ** 3;
/** How many pages one step looks at and removes, so that no step takes long. */
const PAGES_A_STEP = 128;
/** Retention has a look this often, and whenever this much was written. */
const LOOK_EVERY_MS = 60_000;
const LOOK_EVERY_BYTES = 16 * 1024 * 1024;

export interface RetentionLimits {
  /** Facts older than this go, */
  readonly maxAgeMs: number;
  /** and the oldest of more than this many bytes. */
  readonly maxBytes: number;
  /** A subscriber that keeps more than this from going is dropped, aloud: a dead one must not fill the disk. */
  readonly maxHeldBytes: number;
}
export const DEFAULT_RETENTION: RetentionLimits = {
  maxAgeMs: 7 * DAY_MS,
  maxBytes: GIB,
  maxHeldBytes: 4 * GIB,
};

export interface Pruned {
  readonly facts: number;
  readonly bytes: number;
  /** There may be more to remove: prune again. */
  readonly more: boolean;
}

export interface RetentionOptions {
  readonly pages: Pages;
  readonly subscribers: Subscribers;
  readonly limits: RetentionLimits;
  readonly now: () => number;
  readonly onProblem: OnProblem;
  readonly onDropped: (subscriber: Subscriber) => void;
}

export class Retention {
  readonly #options: RetentionOptions;
  /** Live runs, each with the first fact that may be its own. */
  readonly #held = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #next: NodeJS.Immediate | undefined;
  #lookedAtByte: number;
  #hasReportedRuns = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#lookedAtByte = options.pages.extent.endByte;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#next);
  }

  afterCommit(): void {
    if (this.#options.pages.extent.endByte - this.#lookedAtByte >= LOOK_EVERY_BYTES) this.#look();
  }

  #look(): void {
    this.#lookedAtByte = this.#options.pages.extent.endByte;
    try {
      if (this.prune().more) this.#next = setImmediate(() => this.#look());
    } catch (error) {
      this.#options.onProblem({
        code: "prune_failed",
        message: "Old facts could not be removed; it will be tried again",
        error,
      });
    }
  }

  hold(runId: string): void {
    const { pages } = this.#options;
    if (!this.#held.has(runId))
      this.#held.set(runId, pages.firstSeqOfRun(runId) ?? pages.extent.headSeq + 1);
  }

  release(runId: string): void {
    this.#held.delete(runId);
  }

  /** One bounded step. Since pages hold the facts of many runs, they go strictly from the oldest on. */
  prune(): Pruned {
    const { pages, limits, now } = this.#options;
    this.#dropOverdue();
    const keepFrom = Math.min(
      this.#firstHeld(),
      (this.#options.subscribers.lowest()?.acknowledgedSeq ?? Infinity) + 1,
    );
    const oldestTime = now() - limits.maxAgeMs;
    const oldestByte = pages.extent.endByte - limits.maxBytes;
    const gone = pages.removeOldest(
      PAGES_A_STEP,
      (page) =>
        page.last_seq < keepFrom && (page.time < oldestTime || page.start_byte < oldestByte),
    );
    const facts = gone.reduce((sum, page) => sum + page.last_seq - page.first_seq + 1, 0);
    const bytes = gone.reduce((sum, page) => sum + page.bytes, 0);
    return { facts, bytes, more: gone.length === PAGES_A_STEP };
  }

  #firstHeld(): number {
    return Math.min(Infinity, ...this.#held.values());
  }

  #dropOverdue(): void {
    const { pages, subscribers, limits, onDropped } = this.#options;
    for (let next = subscribers.lowest(); next; next = subscribers.lowest()) {
      if (pages.bytesAfter(next.acknowledgedSeq) <= limits.maxHeldBytes) break;
      subscribers.remove(next.name);
      onDropped(next);
    }
    this.#reportHeldRuns();
  }

  /** A live run keeps its facts whatever they take; but its owner should know. */
  #reportHeldRuns(): void {
    const { pages, limits, onProblem } = this.#options;
    const isOver =
      this.#held.size > 0 && pages.bytesAfter(this.#firstHeld() - 1) > limits.maxHeldBytes;
    if (isOver && !this.#hasReportedRuns) {
      onProblem({
        code: "held_by_runs",
        message: `Live runs keep more than ${limits.maxHeldBytes} bytes of facts; they go when the runs have ended`,
      });
    }
    this.#hasReportedRuns = isOver;
  }
}
