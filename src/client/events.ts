// Events as the host reads them: one unbroken order of facts over any number of connections, at the reader's own pace.
import type { z } from "zod";
import type { EventFilter } from "../wire/event-filter.ts";
import type { Cursor, Envelope, Gap } from "../wire/events.ts";
import type { MethodResult } from "../wire/methods.ts";
import { ConnectionLostError, GapError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Delivery, Peer } from "./peer.ts";

/** What may wait for a slow reader; past it the feed is let go, and later taken up again from the reader's cursor. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

export interface EventsOptions {
  /** Null or absent: from now on. */
  readonly after?: Cursor | null | undefined;
  readonly filter?: z.input<typeof EventFilter> | undefined;
  /** A lasting name, under which `acknowledge` holds facts in the journal. */
  readonly subscriber?: string | undefined;
  /** Aborting it ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Told of facts that are gone; iteration then goes on after them. Absent: GapError is thrown. */
  readonly onGap?: ((gap: Gap) => void) | undefined;
}

/** Yields every fact after the cursor once, in order, whatever happens to the line; deltas as far as the line and the reader keep up. */
export async function* followEvents(
  link: Link,
  options: EventsOptions,
): AsyncGenerator<Envelope, void> {
  const { signal, onGap } = options;
  const skip = (gap: Gap): Cursor => {
    if (onGap === undefined) throw new GapError(gap);
    onGap(gap);
    return gap.resumeAt;
  };
  let cursor = options.after ?? null;
  for (;;) {
    const feed = await openFeed(link, cursor, options);
    if (signal?.aborted === true) return feed?.close();
    if (feed === undefined) continue;
    try {
      let place: Cursor = feed.gap === null ? feed.cursor : skip(feed.gap);
      cursor = place;
      for (let delivery = await feed.next(); delivery !== undefined; delivery = await feed.next()) {
        if (delivery.kind === "gap") {
          cursor = place = skip(delivery.gap);
          continue;
        }
        for (const event of delivery.events as readonly Envelope[]) {
          if (event.seq !== undefined) {
            if (event.seq <= place.seq && event.epoch === place.epoch) continue;
            cursor = place = { epoch: event.epoch, seq: event.seq };
          }
          yield event;
        }
      }
    } finally {
      feed.close();
    }
  }
}

/** Undefined when the line broke or the signal was aborted meanwhile: look, and try again. */
async function openFeed(
  link: Link,
  after: Cursor | null,
  { filter, subscriber, signal }: EventsOptions,
): Promise<Feed | undefined> {
  try {
    const peer = await link.peer(signal);
    let feed: Feed | undefined;
    const onResult = (result: unknown): void => {
      feed = new Feed(peer, result as MethodResult<"events_subscribe">, signal);
    };
    await peer.call("events_subscribe", { after, filter, subscriber }, { signal, onResult });
    return feed;
  } catch (error) {
    if (error instanceof ConnectionLostError || signal?.aborted === true) return undefined;
    throw error;
  }
}

/** One subscription on one connection, with a bounded queue. */
class Feed {
  readonly cursor: Cursor;
  readonly gap: Gap | null;
  readonly #peer: Peer;
  readonly #subscription: string;
  readonly #signal: AbortSignal | undefined;
  readonly #queue: Delivery[] = [];
  #queuedBytes = 0;
  #isOver = false;
  #wake: (() => void) | undefined;
  readonly #abort = (): void => this.#end();

  constructor(
    peer: Peer,
    { subscription, cursor, gap }: MethodResult<"events_subscribe">,
    signal: AbortSignal | undefined,
  ) {
    this.cursor = cursor;
    this.gap = gap;
    this.#peer = peer;
    this.#subscription = subscription;
    this.#signal = signal;
    peer.listen(subscription, (delivery) => this.#take(delivery));
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** The next delivery; undefined when this feed brings no more. */
  async next(): Promise<Delivery | undefined> {
    while (this.#queue.length === 0 && !this.#isOver)
      await new Promise<void>((wake) => (this.#wake = wake));
    if (this.#signal?.aborted === true) return undefined;
    const delivery = this.#queue.shift();
    this.#queuedBytes -= delivery?.bytes ?? 0;
    return delivery;
  }

  close(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#end();
  }

  #take(delivery: Delivery | "closed"): void {
    if (delivery === "closed") return this.#end();
    this.#queue.push(delivery);
    this.#queuedBytes += delivery.bytes;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#end();
    this.#wake?.();
  }

  #end(): void {
    this.#isOver = true;
    this.#peer.unlisten(this.#subscription);
    this.#wake?.();
  }
}
