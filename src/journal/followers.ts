// All who follow the journal at this moment, and the bell that wakes them.
import { setTimeout as delay } from "node:timers/promises";
import type { EventFilter } from "../wire/event-filter.ts";
import type { BatchLimits } from "./batch.ts";
import { type Batch, Follower, type Source } from "./follower.ts";

const POLL_MS = 5;

export class Followers {
  readonly #source: Source;
  readonly #followers = new Set<Follower>();
  #changed = Promise.withResolvers<void>();

  constructor(source: Source) {
    this.#source = source;
  }

  get count(): number {
    return this.#followers.size;
  }

  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Starts at fact `seq` now, whenever the first batch is asked for. Counts until the signal aborts or the reader stops. */
  add(
    seq: number,
    filter: EventFilter,
    limits: BatchLimits,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void> {
    const follower = new Follower(this.#source, seq, filter, limits);
    const leave = (): void => {
      this.#followers.delete(follower);
      this.wake();
    };
    if (!signal.aborted) this.#followers.add(follower);
    signal.addEventListener("abort", leave, { once: true });
    return this.#deliver(follower, signal, leave);
  }

  /** Resolves when all have been given all there is, or when the time is over. */
  async caughtUp(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    // Looked at after a wait, since what a follower has just taken reaches its reader only with the next microtasks.
    do await delay(POLL_MS);
    while (
      [...this.#followers].some((follower) => follower.isBehind) &&
      performance.now() < deadline
    );
  }

  async *#deliver(
    follower: Follower,
    signal: AbortSignal,
    leave: () => void,
  ): AsyncGenerator<Batch, void> {
    try {
      yield* follower.batches(signal, () => this.#changed.promise);
    } finally {
      signal.removeEventListener("abort", leave);
      this.#followers.delete(follower);
    }
  }
}
