// Reads a model's stream through an SDK: cancelled promptly, given up when silent, its errors told as ModelFailure.
import { setTimeout as sleep } from "node:timers/promises";
import { failureOf, ModelFailure } from "./model-failure.ts";

/**
 * The events that `open` gives. Silence longer than `stallMs`, also before the first event, ends the request.
 * Throws the signal's reason on cancel and ModelFailure for everything that went wrong on the line.
 */
export async function* readModelStream<Event>(
  open: (signal: AbortSignal) => Promise<AsyncIterable<Event>>,
  stallMs: number,
  signal: AbortSignal,
): AsyncGenerator<Event, void> {
  const stall = new AbortController();
  const either = AbortSignal.any([signal, stall.signal]);
  const next = async <Value>(step: Promise<Value>): Promise<Value> => {
    const timer = setTimeout(() => stall.abort(), stallMs); // only while we wait: a slow reader of ours is no stall
    try {
      return await Promise.race([step, rejectOnAbort(either, step)]);
    } catch (error) {
      throw reasonOf(error, signal, stall.signal, stallMs);
    } finally {
      clearTimeout(timer);
    }
  };
  const events = (await next(open(either)))[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await next(events.next());
      if (either.aborted) throw reasonOf(undefined, signal, stall.signal, stallMs);
      if (done) return;
      yield value;
    }
  } finally {
    // The SDK aborts its request when its iterator is left; a server that is silent must not hold us here.
    void Promise.resolve(events.return?.()).catch(() => undefined);
  }
}

function reasonOf(
  error: unknown,
  signal: AbortSignal,
  stall: AbortSignal,
  stallMs: number,
): unknown {
  if (signal.aborted) return signal.reason;
  if (!stall.aborted) return failureOf(error);
  return new ModelFailure("stalled", `The model's server was silent for ${stallMs} ms`, {
    retryable: true,
  });
}

/** Rejects when the signal aborts before the step settles; leaves no listener behind. */
async function rejectOnAbort(signal: AbortSignal, step: Promise<unknown>): Promise<never> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  const settled = (): void => signal.removeEventListener("abort", abort);
  step.then(settled, settled);
  return promise;
}

/** Waits, or throws the signal's reason. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
