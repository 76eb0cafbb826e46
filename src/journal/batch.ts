// Puts events together for one delivery, merging deltas that follow one another and say more of the same thing.
import { closeDelta, type Entry } from "./entry.ts";

export interface BatchLimits {
  /** In characters, which is bytes for most of what passes here. A single event may be larger. */
  readonly maxBytes: number;
  readonly maxEvents: number;
}

export class BatchBuilder {
  readonly #limits: BatchLimits;
  readonly #events: string[] = [];
  #bytes = 0;
  #merging: { key: string; opening: string; texts: string[] } | null = null;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** False when the event no longer fits. */
  takeFact(json: string): boolean {
    if (!this.#fits(json.length)) return false;
    this.#closeMerging();
    this.#bytes += json.length;
    this.#events.push(json);
    return true;
  }

  /** False when the event no longer fits. */
  takeDelta(json: string, delta: NonNullable<Entry["delta"]>): boolean {
    if (!this.#fits(json.length + delta.text.length)) return false;
    this.#bytes += delta.text.length;
    if (this.#merging?.key === delta.key) {
      this.#merging.texts.push(delta.text);
      return true;
    }
    this.#closeMerging();
    this.#bytes += json.length;
    this.#merging = { key: delta.key, opening: json, texts: [delta.text] };
    return true;
  }

  #fits(bytes: number): boolean {
    const count = this.#events.length + (this.#merging ? 1 : 0);
    return (
      count === 0 ||
      (count < this.#limits.maxEvents && this.#bytes + bytes <= this.#limits.maxBytes)
    );
  }

  #closeMerging(): void {
    if (this.#merging) this.#events.push(closeDelta(this.#merging.opening, this.#merging.texts));
    this.#merging = null;
  }

  finish(): string[] {
    this.#closeMerging();
    return this.#events;
  }
}
