// One reader of the journal: a place in it, and nothing that grows while the reader is slow.
import { setImmediate } from "node:timers/promises";
import type { EventFilter } from "../wire/event-filter.ts";
import type { Cursor, Gap } from "../wire/events.ts";
import { BatchBuilder, type BatchLimits } from "./batch.ts";
import type { Entry } from "./entry.ts";
import { makeMatcher, type Matcher } from "./filter.ts";
import type { Pages } from "./pages.ts";
import { expired } from "./place.ts";
import type { Ring } from "./ring.ts";

export type Batch =
  | {
      readonly kind: "events";
      /** Each one event's JSON; a fact's byte for byte as it is stored. */
      readonly events: readonly string[];
      /** Follow from here to go on behind this batch. */
      readonly cursor: Cursor;
    }
  | { readonly kind: "gap"; readonly gap: Gap };

/** What a follower reads from. */
export interface Source {
  readonly epoch: string;
  readonly pages: Pages;
  readonly ring: Ring;
  readonly isClosed: () => boolean;
}

export class Follower {
  readonly #source: Source;
  readonly #filter: EventFilter;
  readonly #matches: Matcher | null;
  readonly #limits: BatchLimits;
  /** Deltas of the time before are not replayed: the reader may have had them already, and the facts contain them. */
  readonly #deltasFrom: number;
  /** The last fact passed. */
  #seq: number;
  /** The next entry of the ring, or null while reading from disk. */
  #at: number | null = null;

  constructor(source: Source, seq: number, filter: EventFilter, limits: BatchLimits) {
    this.#source = source;
    this.#seq = seq;
    this.#filter = filter;
    this.#matches = makeMatcher(filter);
    this.#limits = limits;
    this.#deltasFrom = source.ring.end;
  }

  /**
   * Ends when the signal aborts, or when the journal is closed and all that was in memory has been read. The promise
   * that `changed` gives settles when there may be more to read, or reason to stop.
   */
  async *batches(signal: AbortSignal, changed: () => Promise<void>): AsyncGenerator<Batch, void> {
    while (!signal.aborted) {
      // Taken before reading, so that what comes in between is not slept through.
      const change = changed();
      const batch = this.#next();
      if (batch) yield batch;
      if (this.isBehind) await setImmediate();
      else if (this.#source.isClosed()) return;
      else await change;
    }
  }

  /** True while there is something that the reader has not been given. */
  get isBehind(): boolean {
    const { isClosed, pages, ring } = this.#source;
    if (this.#at !== null && this.#at >= ring.start) return this.#at < ring.end;
    return !isClosed() && this.#seq < pages.extent.headSeq;
  }

  #next(): Batch | null {
    const { epoch, pages, ring, isClosed } = this.#source;
    if (this.#at === null || this.#at < ring.start) this.#at = ring.numberAfter(this.#seq);
    if (this.#at !== null) return this.#readRing(this.#at);
    if (isClosed()) return null;
    if (this.#seq >= pages.extent.oldestSeq) return this.#readPages();
    const gap = expired({ epoch, seq: this.#seq }, pages.extent.oldestSeq);
    this.#seq = gap.resumeAt.seq;
    return { kind: "gap", gap };
  }

  #readRing(at: number): Batch | null {
    const batch = new BatchBuilder(this.#limits);
    this.#at = this.#source.ring.readFrom(at, (entry, number) => {
      if (this.#hasPassed(entry)) return true;
      if (
        this.#wants(entry, number) &&
        !(entry.delta ? batch.takeDelta(entry.json, entry.delta) : batch.takeFact(entry.json))
      )
        return false;
      if (!entry.delta) this.#seq = entry.seq;
      return true;
    });
    return this.#finish(batch);
  }

  /** A cursor may name a fact that was not yet committed when the reader came. */
  #hasPassed(entry: Entry): boolean {
    return entry.delta ? entry.seq < this.#seq : entry.seq <= this.#seq;
  }

  #wants(entry: Entry, number: number): boolean {
    if (entry.delta && (!this.#filter.deltas || number < this.#deltasFrom)) return false;
    return !this.#matches || this.#matches(entry);
  }

  #readPages(): Batch | null {
    const batch = new BatchBuilder(this.#limits);
    this.#seq = this.#source.pages.scan(this.#seq, this.#filter, (json) => batch.takeFact(json));
    return this.#finish(batch);
  }

  #finish(batch: BatchBuilder): Batch | null {
    const events = batch.finish();
    return events.length === 0
      ? null
      : { kind: "events", events, cursor: { epoch: this.#source.epoch, seq: this.#seq } };
  }
}
