// A run that has not ended, and those who wait for its end.
import type { Run } from "../../wire/methods.ts";
import type { Admission } from "../admission/admission.ts";
import type { RunExecution } from "./run-execution.ts";

export interface LiveRun {
  run: Run;
  readonly admission: Admission;
  /** Null while it waits. */
  execution: RunExecution | null;
  /** Set once its end is being written; it is shown as it was until that is durable. */
  isEnding: boolean;
  readonly ended: PromiseWithResolvers<Run>;
  /** Called at its end. Those who wait again and again would each leave something behind on the promise. */
  readonly waiting: Set<() => void>;
}

export function liveRun(run: Run, admission: Admission): LiveRun {
  return {
    run,
    admission,
    execution: null,
    isEnding: false,
    ended: Promise.withResolvers<Run>(),
    waiting: new Set(),
  };
}

/** Lets go all who wait, with the run as it ended. */
export function settle(live: LiveRun, run: Run): void {
  live.ended.resolve(run);
  for (const wake of live.waiting) wake();
}

/** Resolves when the run has ended, the time is over or the signal aborts, and leaves nothing behind on the run. */
export async function endOf(
  { waiting }: LiveRun,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const timer = setTimeout(wake, waitMs);
  signal.addEventListener("abort", wake, { once: true });
  waiting.add(wake);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", wake);
  waiting.delete(wake);
}
