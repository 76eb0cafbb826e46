// A wait that begins with a signal's abort.

/** Resolves that long after the abort; its timer keeps no process alive. */
export function afterAbort(signal: AbortSignal, delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const start = (): void => void setTimeout(resolve, delayMs).unref();
  if (signal.aborted) start();
  else signal.addEventListener("abort", start, { once: true });
  return promise;
}
