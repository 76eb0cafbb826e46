// What the server says to one run, in order, until it is read: bounded, so that a slow run slows the server and not the memory.
import type { ThreadMessage } from "./protocol.ts";

/** A full channel makes the reader of the server's output wait. */
const MAX_WAITING = 4096;

export class Channel {
  #waiting: ThreadMessage[] = [];
  #failure: Error | undefined;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  /** Resolves when there is room for the next one. */
  async push(message: ThreadMessage): Promise<void> {
    if (this.#closed) return;
    this.#waiting.push(message);
    this.#wake();
    while (this.#waiting.length >= MAX_WAITING && !this.#closed) await this.#changed.promise;
  }

  /** The next message; rejects once the channel has failed and nothing is left. */
  async next(): Promise<ThreadMessage> {
    for (;;) {
      const changed = this.#changed.promise;
      const message = this.#waiting.shift();
      if (message) {
        if (this.#waiting.length === MAX_WAITING - 1) this.#wake();
        return message;
      }
      if (this.#failure) throw this.#failure;
      await changed;
    }
  }

  /** The next message, or null when none has come within that time. */
  async nextWithin(timeoutMs: number): Promise<ThreadMessage | null> {
    const { promise: timeUp, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(resolve, timeoutMs, "late");
    try {
      while (this.#waiting.length === 0 && !this.#failure) {
        if ((await Promise.race([this.#changed.promise, timeUp])) === "late") return null;
      }
      return await this.next();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing more will come; what has come can still be read. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#wake();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
