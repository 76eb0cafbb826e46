// The newest events in memory, facts and deltas in order, shared by all followers and bounded by bytes.
import type { Entry } from "./entry.ts";

/** Entries come and go in chunks of about this size. */
const CHUNK_BYTES = 64 * 1024;

interface Chunk {
  /** The first entry's number. */
  readonly first: number;
  /** The fact that stands before the first entry, and the last fact in or before the chunk. */
  readonly baseSeq: number;
  lastSeq: number;
  bytes: number;
  readonly entries: Entry[];
}

/** Entries are numbered from 0 on for as long as the process lives; a follower keeps such a number and nothing else. */
export class Ring {
  readonly #maxBytes: number;
  readonly #chunks: Chunk[] = [];
  #end = 0;
  #lastSeq: number;
  #bytes = 0;

  constructor(maxBytes: number, headSeq: number) {
    this.#maxBytes = maxBytes;
    this.#lastSeq = headSeq;
  }

  /** The number of the oldest entry still here. */
  get start(): number {
    return this.#chunks[0]?.first ?? this.#end;
  }
  /** The number that the next entry will get. */
  get end(): number {
    return this.#end;
  }
  get bytes(): number {
    return this.#bytes;
  }

  push(entries: readonly Entry[]): void {
    for (const entry of entries) this.#add(entry);
    while (this.#bytes > this.#maxBytes) this.#bytes -= this.#chunks.shift()?.bytes ?? this.#bytes;
  }

  #add(entry: Entry): void {
    let chunk = this.#chunks.at(-1);
    if (!chunk || chunk.bytes >= CHUNK_BYTES) {
      chunk = {
        first: this.#end,
        baseSeq: this.#lastSeq,
        lastSeq: this.#lastSeq,
        bytes: 0,
        entries: [],
      };
      this.#chunks.push(chunk);
    }
    chunk.entries.push(entry);
    chunk.bytes += entry.bytes;
    chunk.lastSeq = entry.seq;
    this.#lastSeq = entry.seq;
    this.#bytes += entry.bytes;
    this.#end++;
  }

  /** Hands out entries from number `at` on until `take` refuses one; the number of the first that was not taken. `at` must still be here. */
  readFrom(at: number, take: (entry: Entry, number: number) => boolean): number {
    for (let index = this.#chunkIndexOf(at); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk;
      for (
        let number = Math.max(at, chunk.first);
        number - chunk.first < chunk.entries.length;
        number++
      ) {
        if (!take(chunk.entries[number - chunk.first] as Entry, number)) return number;
      }
    }
    return this.#end;
  }

  #chunkIndexOf(at: number): number {
    let index = this.#chunks.length - 1;
    while (index > 0 && (this.#chunks[index] as Chunk).first > at) index--;
    return Math.max(index, 0);
  }

  /** The number of the first entry that stands after fact `seq`, or null when facts after it have left. */
  numberAfter(seq: number): number | null {
    if (seq < (this.#chunks[0]?.baseSeq ?? this.#lastSeq)) return null;
    for (const chunk of this.#chunks) {
      if (chunk.lastSeq < seq) continue;
      const index = chunk.entries.findIndex((entry) =>
        entry.delta ? entry.seq >= seq : entry.seq > seq,
      );
      if (index !== -1) return chunk.first + index;
    }
    return this.#end;
  }
}
