// How long to wait before trying again: exponential with full jitter, so that many who lost one host do not return at once.

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** `attempt` counts from 0; anything from 0 to the exponential bound, evenly. */
export function backoffMs(attempt: number, { baseMs, maxMs }: Backoff): number {
  return Math.random() * Math.min(maxMs, baseMs * 2 ** attempt);
}
