// All runs of the box: taken once per key, queued, executed, ended once, and found again after a restart.
import type { Prompt } from "../../harnesses/content.ts";
import type { Journal } from "../journal/journal.ts";
import type { Run, RunRequest } from "../wire/methods.ts";
import { CodedError } from "../../tools/coded-error.ts";
import { admit, type Admission, type AdmissionSurroundings } from "./admission/admission.ts";
import { errorOf, type Interruption } from "./record/outcome.ts";
import type { ExecutionSurroundings } from "./execution/harness-context.ts";
import { endOf, liveRun, type LiveRun, settle } from "./execution/live-run.ts";
import { describePrompt } from "./admission/prompt.ts";
import { notRunning, runEnding, steeringUnsupported } from "./execution/steering-refusals.ts";
import { RunExecution } from "./execution/run-execution.ts";
import { endRun, newRun, newSession, NOTHING_USED, type Conclusion } from "./record/run-record.ts";
import { isKept, recoverRun, type RecoverySurroundings } from "./record/run-recovery.ts";
import { StartOnce, type Started } from "./start-once.ts";
import { allOf, type RunStore, type Write } from "./record/run-store.ts";

export interface RunsOptions
  extends ExecutionSurroundings, AdmissionSurroundings, RecoverySurroundings {
  readonly maxRuns: number;
  readonly maxQueuedRuns: number;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #journal: Journal;
  readonly #store: RunStore;
  /** Oldest first; the order in which they are begun. */
  readonly #live = new Map<string, LiveRun>();
  readonly #starts: StartOnce;
  #isClosing = false;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.#journal = options.journal;
    this.#store = options.store;
    this.#starts = new StartOnce(options.store);
  }

  /** Takes a run, or finds the one that its key stands for. Throws CodedError: what admission refuses, `key_conflict`, `queue_full`, `shutting_down`, and what the journal refuses. */
  start(request: RunRequest): Promise<Started> {
    return this.#starts.start(request, (fingerprint) => this.#take(request, fingerprint));
  }

  /** Throws CodedError `run_not_found`. */
  get(runId: string): Run {
    const run = this.#live.get(runId)?.run ?? this.#store.get(runId);
    if (run) return run;
    throw new CodedError("run_not_found", `There is no run ${runId}`);
  }

  /** Texts and outputs that the run streams just now, from their beginning; nothing of a run that is not under way. */
  soFar(runId: string): ReturnType<RunExecution["soFar"]> {
    const soFar = this.#live.get(runId)?.execution?.soFar() ?? [];
    return JSON.parse(this.#journal.clean(JSON.stringify(soFar))) as typeof soFar;
  }

  /** The run when it has ended, or as it stands after `waitMs`. */
  async wait(runId: string, waitMs: number, signal: AbortSignal): Promise<Run> {
    const live = this.#live.get(runId);
    if (live && !signal.aborted) await endOf(live, waitMs, signal);
    return this.get(runId);
  }

  /** Ends a run and answers when it has ended. An ended run is answered as it is. */
  async cancel(runId: string, reason: string): Promise<Run> {
    const live = this.#live.get(runId);
    if (!live) return this.get(runId);
    this.#interrupt(live, { kind: "cancel", error: { code: "cancelled", message: reason } });
    return live.ended.promise;
  }

  /** Throws CodedError `run_not_running`, `steering_unsupported` or `run_ending`. */
  steer(runId: string, prompt: Prompt): void {
    const live = this.#live.get(runId);
    if (!live?.execution) throw notRunning(this.get(runId));
    const { harness } = live.admission;
    if (!harness.capabilities.steer) throw steeringUnsupported(harness.title);
    this.#journal.assertRoomForMore();
    if (!live.execution.steer(prompt)) throw runEnding(runId);
  }

  /** Closes what a crash left open, and takes up what was waiting; to be called once, before anything starts. */
  async recover(): Promise<void> {
    for (const { run, request } of this.#store.unended()) {
      if (run.state === "queued" && request) await this.#requeue(run, request);
      else recoverRun(run, this.#options);
      const { runId, state } = run;
      this.#options.log.warn(
        { runId, state },
        `a run that the last daemon left ${state} ${this.#live.has(runId) ? "waits again" : "was closed"}`,
      );
    }
    await this.#journal.committed();
  }

  /** Begins what waits; to be called once the daemon is sure to go on. */
  beginWaiting(): void {
    this.#pump();
  }

  /** Ends all runs; nothing is taken afterwards. */
  async close(reason: string): Promise<void> {
    this.#isClosing = true;
    const all = [...this.#live.values()];
    for (const live of all) {
      if (live.execution === null && isKept(live.admission.request)) continue; // goes on waiting in the store
      this.#interrupt(live, {
        kind: "shutdown",
        error: { code: "daemon_shutdown", message: reason },
      });
    }
    await Promise.all(all.filter((live) => live.execution).map((live) => live.ended.promise));
  }

  get counts(): { readonly running: number; readonly queued: number } {
    const running = [...this.#live.values()].filter((live) => live.execution).length;
    return { running, queued: this.#live.size - running };
  }

  async #take(request: RunRequest, fingerprint: string): Promise<Started> {
    const admission = await admit(request, this.#options);
    this.#journal.assertRoomForMore();
    if (this.#isClosing)
      throw new CodedError("shutting_down", "The daemon is shutting down and takes no more runs");
    const position = this.counts.queued;
    if (position >= this.#options.maxQueuedRuns) {
      throw new CodedError("queue_full", `${position} runs are waiting already; try again later`);
    }
    const run = newRun(admission, this.#journal.tail);
    const writes = [this.#store.insert(run, fingerprint, isKept(request) ? request : null)];
    if (!admission.session || request.fork) writes.push(this.#store.saveSession(newSession(run)));
    const { harness, sessionId, runId } = run;
    this.#journal.append(
      { type: "run.queued", harness, sessionId, position },
      { source: "daemon", runId },
      allOf(writes),
    );
    this.#enlist(run, admission);
    await this.#journal.committed();
    this.#pump();
    return { run, replayed: false };
  }

  #enlist(run: Run, admission: Admission): void {
    this.#live.set(run.runId, liveRun(run, admission));
    this.#journal.holdRun(run.runId);
  }

  async #requeue(run: Run, request: RunRequest): Promise<void> {
    try {
      this.#enlist(run, await admit(request, this.#options));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      recoverRun(run, this.#options, { code: error.code, message: error.message });
    }
  }

  /** Begins what may begin: as many as may run at once, one at a time in a session. */
  #pump(): void {
    if (this.#isClosing) return;
    const live = [...this.#live.values()];
    const busySessions = new Set(
      live.filter((each) => each.execution).map((each) => each.run.sessionId),
    );
    for (const each of live) {
      if (this.counts.running >= this.#options.maxRuns) return;
      if (each.execution || each.isEnding || busySessions.has(each.run.sessionId)) continue;
      busySessions.add(each.run.sessionId);
      this.#begin(each);
    }
  }

  #begin(live: LiveRun): void {
    const { request } = live.admission;
    const { runId, harness, model, sessionId, cwd } = live.run;
    const origin = request.fork ? this.#store.session(request.sessionId ?? "") : undefined;
    const forkFrom = origin?.token ?? null;
    const session = {
      ...(this.#store.session(sessionId) ?? newSession(live.run)),
      ...(origin && { totals: origin.totals }),
    };
    live.run = { ...live.run, state: "running", startedAt: new Date().toISOString() };
    live.execution = new RunExecution(
      live.run,
      live.admission,
      { session, forkFrom },
      this.#options,
    );
    const prompt = describePrompt(live.admission.prompt);
    const started = { type: "run.started", harness, model, sessionId, cwd, prompt } as const;
    this.#journal.append(started, { source: "daemon", runId }, this.#store.update(live.run));
    this.#options.log.info({ runId, harness, model, sessionId, cwd }, "run started");
    void live.execution
      .execute()
      .catch((error: unknown) => this.#breakOff(live, error))
      .then(({ saveSession, ...conclusion }) => this.#conclude(live, conclusion, saveSession));
  }

  #interrupt(live: LiveRun, interruption: Interruption): void {
    if (live.execution) live.execution.interrupt(interruption);
    else this.#conclude(live, unstarted("cancelled", interruption.error));
  }

  /** A bug of ours in a run ends that run and everything that it started, and nothing else. */
  async #breakOff(live: LiveRun, error: unknown): Promise<Conclusion & { saveSession?: Write }> {
    const { runId } = live.run;
    this.#options.log.error({ err: error, runId }, "a run broke inside the daemon");
    const containment = await this.#options.processes.stopOwner(runId);
    return { ...unstarted("failed", errorOf(error)), containment };
  }

  /** Who waits is let go even when the end cannot be written down: then the run is `unknown` after the next start. */
  #conclude(live: LiveRun, conclusion: Conclusion, saveSession?: Write): void {
    void this.#end(live, conclusion, saveSession).catch((error: unknown) => {
      this.#options.log.error(
        { err: error, runId: live.run.runId },
        "the end of a run could not be written down",
      );
      settle(live, live.run);
    });
  }

  async #end(live: LiveRun, conclusion: Conclusion, saveSession?: Write): Promise<void> {
    if (live.isEnding) return;
    live.isEnding = true;
    const { runId } = live.run;
    const { run, fact } = endRun(live.run, conclusion);
    this.#journal.append(
      fact,
      { source: "daemon", runId },
      allOf([this.#store.update(run), ...(saveSession ? [saveSession] : [])]),
    );
    await this.#journal.committed();
    this.#live.delete(runId);
    this.#journal.releaseRun(runId);
    settle(live, run);
    const { outcome, error } = fact;
    this.#options.log.info(
      { runId, outcome, ...(error && { code: error.code, reason: error.message }) },
      "run ended",
    );
    this.#pump();
  }
}

/** The end of a run of which nothing is known but why. */
function unstarted(outcome: Conclusion["outcome"], error: Conclusion["error"]): Conclusion {
  return { outcome, result: null, error, usage: NOTHING_USED, containment: null };
}
