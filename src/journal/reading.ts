// The reading side of the journal: where a cursor stands, one page of facts, and what comes live after it.
import type { Cursor } from "../wire/events.ts";
import { BatchBuilder } from "./batch.ts";
import type { Followers } from "./followers.ts";
import {
  DEFAULTS,
  type Following,
  type FollowQuery,
  type ReadAnswer,
  type ReadQuery,
} from "./journal-options.ts";
import type { Pages } from "./pages.ts";
import { findPlace, type Place } from "./place.ts";

export interface ReadingSources {
  readonly epoch: string;
  readonly pages: Pages;
  readonly followers: Followers;
  /** The newest fact that has been given a number. */
  readonly lastSeq: () => number;
}

export class Reading {
  readonly #from: ReadingSources;

  constructor(from: ReadingSources) {
    this.#from = from;
  }

  /** The last fact committed. */
  get head(): Cursor {
    return this.cursor(this.#from.pages.extent.headSeq);
  }

  /** Just before the oldest fact kept. */
  get oldest(): Cursor {
    return this.cursor(this.#from.pages.extent.oldestSeq);
  }

  cursor(seq: number): Cursor {
    return { epoch: this.#from.epoch, seq };
  }

  /** One page of facts from disk. */
  read({ after, filter, limit, maxBytes = DEFAULTS.readBytes }: ReadQuery): ReadAnswer {
    const { pages } = this.#from;
    const { seq, gap } = this.#placeOf(after ?? this.oldest);
    const batch = new BatchBuilder({ maxEvents: limit, maxBytes });
    const passed = pages.scan(seq, filter, (json) => batch.takeFact(json));
    return {
      events: batch.finish(),
      cursor: this.cursor(passed),
      gap,
      atEnd: passed >= pages.extent.headSeq,
    };
  }

  follow({
    after,
    filter,
    signal,
    maxBatchBytes = DEFAULTS.batchBytes,
    maxBatchEvents = DEFAULTS.batchEvents,
  }: FollowQuery): Following {
    const { seq, gap } = this.#placeOf(after ?? this.head);
    const limits = { maxBytes: maxBatchBytes, maxEvents: maxBatchEvents };
    return {
      cursor: this.cursor(seq),
      gap,
      batches: this.#from.followers.add(seq, filter, limits, signal),
    };
  }

  #placeOf(after: Cursor): Place {
    const { epoch, pages, lastSeq } = this.#from;
    return findPlace(after, { ...pages.extent, epoch, lastSeq: lastSeq() });
  }
}
