// What ends a command from outside before its own end: a signal, or a reader of its output that has left.
import { constants } from "node:os";

export type Stop = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** What a shell adds to the number of a signal that ended a program. */
const KILLED_BY_SIGNAL = 128;

/** The exit status that a shell shows for a program that `signal` ended. */
export function statusOfSignal(signal: string | null): number {
  return KILLED_BY_SIGNAL + (constants.signals[signal as NodeJS.Signals] ?? 0);
}

/** Calls `stop` for each signal and for a broken output, in place of what Node does by itself. Answers what undoes it. */
export function onStop(stop: (by: Stop) => void): () => void {
  // Never `once`: libraries that clean up after their children end this process when nobody else listens any more.
  const listeners = SIGNALS.map((signal) => [signal, () => stop(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  // A pipe has no SIGPIPE in Node; writing to it fails instead. Stays to the end: what was written last may fail last.
  process.stdout.on("error", () => stop("SIGPIPE"));
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
