// Requests that were turned away, by address: each is logged, but a flood of them neither fills the log nor is answered at length.
import type { IncomingMessage } from "node:http";
import { CodedError } from "../../tools/coded-error.ts";
import type { Log } from "../log/log.ts";

const WINDOW_MS = 60_000;
const MS_PER_SECOND = 1000;
/** Of one address in a window; a right token is let in whatever came before it, so that nobody can lock out others. */
export const MAX_REFUSALS = 10;
/** Addresses that are remembered at once. */
const MAX_ADDRESSES = 1000;

interface Window {
  readonly endsAt: number;
  refusals: number;
}

export class RefusedAttempts {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(log: Log, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  /** Counts and logs a refusal; what to answer: the refusal itself, or `too_many_attempts` where there were too many. */
  record(request: IncomingMessage, refusal: CodedError): CodedError {
    const address = request.socket.remoteAddress ?? "unknown";
    const window = this.#windowOf(address);
    window.refusals++;
    const { code, message } = refusal;
    const url = request.url?.split("?")[0];
    if (window.refusals <= MAX_REFUSALS) {
      this.#log.warn({ address, code, url, origin: request.headers.origin }, message);
      return refusal;
    }
    if (window.refusals === MAX_REFUSALS + 1)
      this.#log.warn(
        { address, code: "too_many_attempts" },
        "Further refusals of this address within the minute are not logged",
      );
    const retryAfterSeconds = Math.max(1, Math.ceil((window.endsAt - this.#now()) / MS_PER_SECOND));
    return new CodedError(
      "too_many_attempts",
      `${MAX_REFUSALS} requests from ${address} were refused within a minute (the last: ${code}); try again in ${retryAfterSeconds} s`,
      { data: { retryAfterSeconds } },
    );
  }

  #windowOf(address: string): Window {
    const now = this.#now();
    const known = this.#windows.get(address);
    if (known && known.endsAt > now) return known;
    this.#windows.delete(address);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size >= MAX_ADDRESSES && oldest !== undefined) this.#windows.delete(oldest);
    const window = { endsAt: now + WINDOW_MS, refusals: 0 };
    this.#windows.set(address, window);
    return window;
  }
}
