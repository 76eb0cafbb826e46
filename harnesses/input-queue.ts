// Input that a host sends into a running run, in order, until the harness closes the queue.
import type { Prompt } from "./content.ts";

export class InputQueue implements AsyncIterable<Prompt> {
  #waiting: Prompt[] = [];
  #closed = false;
  #changed = Promise.withResolvers<void>();

  /** False when the harness takes no more: the caller must say so, not lose the input. */
  push(prompt: Prompt): boolean {
    if (this.#closed) return false;
    this.#waiting.push(prompt);
    this.#wake();
    return true;
  }

  /** What has come since the last time, without waiting. */
  drain(): Prompt[] {
    return this.#waiting.splice(0);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes no more input. A harness calls it in the same tick in which it found the queue empty and decided to end. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Every input as it comes, until `close`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Prompt, void> {
    for (;;) {
      const changed = this.#changed.promise;
      yield* this.drain();
      if (this.#closed && this.isEmpty) return;
      if (this.isEmpty) await changed;
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
