// What becomes of runs that a crash left open: ended truthfully, with all that the journal knows of them.
import { HarnessEvent } from "../../../harnesses/events.ts";
import type { ContainmentReport } from "../../../tools/process.ts";
import type { RunError, RunOutcome } from "../../wire/events.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Run, RunRequest } from "../../wire/methods.ts";
import { Ledger } from "./ledger.ts";
import { endRun } from "./run-record.ts";
import { RunRecorder } from "./run-recorder.ts";
import { allOf, type RunStore } from "./run-store.ts";

const PAGE = 1000;
const UNMEASURED = { cpuMs: null, peakMemoryBytes: null };

/** True when a waiting run may be kept on disk and begun after a restart: not when it brought keys or an environment of its own. */
export function isKept({ providers, env, mcpServers }: RunRequest): boolean {
  return [providers, env, mcpServers].every((each) => Object.keys(each).length === 0);
}

export interface RecoverySurroundings {
  readonly journal: Journal;
  readonly store: RunStore;
  /** What ending the predecessor's processes took. */
  readonly swept: ContainmentReport | null;
}

/** Ends a run that was running, or was waiting and cannot be begun any more. `error` says why where it is known. */
export function recoverRun(
  run: Run,
  { journal, store, swept }: RecoverySurroundings,
  error?: RunError,
): void {
  const wasRunning = run.state === "running";
  const session = store.session(run.sessionId);
  const ledger = new Ledger(session?.totals);
  const recorder = new RunRecorder({
    journal,
    runId: run.runId,
    ledger,
    bindSession: () => () => undefined,
    saveTotals: () => () => undefined,
  });
  recall(run, journal, recorder);
  recorder.closeOpen();
  const outcome: RunOutcome = wasRunning ? "unknown" : "failed";
  const reason = error ?? (wasRunning ? CRASHED : NOT_KEPT);
  const ended = endRun(run, {
    outcome,
    result: recorder.result,
    error: reason,
    usage: ledger.usage(UNMEASURED),
    containment: wasRunning ? swept : null,
  });
  const writes = [store.update(ended.run)];
  // What the harness had summed up by then is no use of the session's next run.
  if (session && wasRunning) {
    writes.push(
      store.saveSession({
        ...session,
        totals: ledger.sessionTotals,
        lastRunAt: ended.run.endedAt,
        runs: session.runs + 1,
      }),
    );
  }
  journal.append(ended.fact, { source: "daemon", runId: run.runId }, allOf(writes));
}

const CRASHED: RunError = {
  code: "daemon_crashed",
  message: "The daemon ended while this run was under way; how far it came is what its events say",
};
const NOT_KEPT: RunError = {
  code: "not_restartable",
  message:
    "The daemon ended before this run began; it carried credentials or an environment, which are not kept on disk. Start it again",
};

function recall(run: Run, journal: Journal, recorder: RunRecorder): void {
  const filter = { runId: run.runId, deltas: false };
  for (let after = run.cursor, atEnd = false; !atEnd;) {
    const page = journal.read({ after, filter, limit: PAGE });
    for (const text of page.events) {
      const event = HarnessEvent.safeParse(JSON.parse(text));
      if (event.success) recorder.recall(event.data);
    }
    ({ cursor: after, atEnd } = page);
  }
}
