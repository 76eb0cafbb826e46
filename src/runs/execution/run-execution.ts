// One run from its start to its one end: drives the harness, records what it reports, ends what it started.
import { CodedError } from "../../../tools/coded-error.ts";
import type { Prompt } from "../../../harnesses/content.ts";
import type { HarnessEvent } from "../../../harnesses/events.ts";
import type { Harness, HarnessContext } from "../../../harnesses/harness.ts";
import { InputQueue } from "../../../harnesses/input-queue.ts";
import { compileSchema, repairInstruction } from "../../../harnesses/schema-check.ts";
import type { ResourceUse } from "../../../tools/process.ts";
import type { Run } from "../../wire/methods.ts";
import { ChangeWatch } from "../../workspace/change-watch.ts";
import type { Admission } from "../admission/admission.ts";
import { afterAbort } from "./after-abort.ts";
import { harnessContext, SWEEP_GRACE_MS, type ExecutionSurroundings } from "./harness-context.ts";
import { addUse, Ledger } from "../record/ledger.ts";
import { ModelSide } from "./model-side.ts";
import { judge, type Ending, type Interruption, type Verdict } from "../record/outcome.ts";
import { describePrompt } from "../admission/prompt.ts";
import type { Continuation, Ended } from "../record/run-record.ts";
import { RunRecorder } from "../record/run-recorder.ts";
import type { SessionRecord, Write } from "../record/run-store.ts";
import { costUnknown, exitOverdue, inputUnread, resultRepair } from "./run-notices.ts";
import { RunWatch } from "./run-watch.ts";
import { checkResult, MAX_REPAIRS, schemaMismatch } from "./structured-result.ts";

export class RunExecution {
  readonly #run: Run;
  readonly #admission: Admission;
  readonly #around: ExecutionSurroundings;
  readonly #controller = new AbortController();
  readonly #steering = new InputQueue();
  readonly #ledger: Ledger;
  readonly #recorder: RunRecorder;
  readonly #changes: ChangeWatch;
  readonly #model: ModelSide;
  #session: SessionRecord;
  #forkFrom: string | null;
  #interruption: Interruption | undefined;
  #isOver = false;
  #reportedUnknownCost = false;

  constructor(run: Run, admission: Admission, from: Continuation, around: ExecutionSurroundings) {
    this.#run = run;
    this.#admission = admission;
    this.#around = around;
    this.#session = from.session;
    this.#forkFrom = from.forkFrom;
    this.#ledger = new Ledger(this.#session.totals);
    const { runId, cwd } = run;
    const [{ journal }, ledger] = [around, this.#ledger];
    const bindSession = (token: string): Write => this.#bindSession(token);
    const saveTotals = (): Write => this.#saveSession({ totals: ledger.sessionTotals });
    this.#recorder = new RunRecorder({ journal, runId, ledger, bindSession, saveTotals });
    const onEvent: RunRecorder["recordSeen"] = (event) => this.#recorder.recordSeen(event);
    this.#changes = new ChangeWatch({ ...around, runId, cwd, onEvent });
    this.#model = new ModelSide({
      runId,
      maxTurns: admission.request.maxTurns,
      signal: this.#controller.signal,
      // What an agent's first command changes must be told from what was there before.
      onReady: () => this.#changes.ready(),
      onRefused: (error) => this.interrupt({ kind: "refusal", error }),
      onUse: (use) => {
        if (this.#isOver) return; // it came of no request of this run
        this.#recorder.recordSeenUse(use);
        this.#watchLimits();
      },
    });
  }

  /** False when the harness takes no more input. */
  steer(prompt: Prompt): boolean {
    if (!this.#steering.push(prompt)) return false;
    this.#around.journal.append(
      { type: "run.steered", text: describePrompt(prompt) },
      { source: "daemon", runId: this.#run.runId },
    );
    return true;
  }

  soFar(): ReturnType<RunRecorder["soFar"]> {
    return this.#recorder.soFar();
  }

  /** The first interruption counts; later ones change nothing. */
  interrupt(interruption: Interruption): void {
    if (this.#interruption || this.#isOver) return;
    this.#interruption = interruption;
    const { runId } = this.#run;
    try {
      this.#around.journal.append(
        { type: "run.cancelling", reason: interruption.error.message },
        { source: "daemon", runId },
      );
    } catch (err) {
      this.#around.log.error(
        { err, runId },
        "a run is ended, which could not be written down first",
      );
    }
    this.#controller.abort(new CodedError(interruption.error.code, interruption.error.message));
  }

  /** Never rejects: whatever goes wrong is how the run ended. */
  async execute(): Promise<Ended> {
    const timeoutMs = this.#admission.request.timeoutMs ?? this.#around.runTimeoutMs;
    const error = { code: "timed_out", message: `The run took longer than ${timeoutMs} ms` };
    const timer = setTimeout(() => this.interrupt({ kind: "timeout", error }), timeoutMs);
    const before = this.#resourcesOfSession();
    this.#around.gateway.beginRun(this.#session.sessionId, this.#model);
    const ending = await this.#drive().catch((thrown: unknown): Ending =>
      this.#endingBy("threw", thrown),
    );
    clearTimeout(timer);
    this.#around.gateway.endRun(this.#session.sessionId);
    this.#reportUnreadInput();
    this.#recorder.closeOpen();
    this.#isOver = true;
    this.#controller.abort(new CodedError("run_ended", "The run has ended"));
    return this.#settle(judge(ending), before);
  }

  async #settle(verdict: Verdict, before: ResourceUse): Promise<Ended> {
    const [{ processes }, { runId }] = [this.#around, this.#run];
    const resources = addUse(processes.resourcesOf(runId), this.#resourcesOfSession(), before);
    const containment = await processes.stopOwner(runId, { graceMs: SWEEP_GRACE_MS });
    await this.#changes.close();
    const [lastRunAt, runs] = [new Date().toISOString(), this.#session.runs + 1];
    return {
      ...verdict,
      usage: this.#ledger.usage(resources),
      containment,
      saveSession: this.#saveSession({ totals: this.#ledger.sessionTotals, lastRunAt, runs }),
    };
  }

  /** Drives the harness, and drives it again while its result does not satisfy the schema. */
  async #drive(): Promise<Ending> {
    const { request, harness, prompt: asked } = this.#admission;
    const check = request.schema && (await compileSchema(request.schema));
    for (let prompt = asked, repairs = 0; ; repairs++) {
      const ending = await this.#attempt(harness, prompt);
      const isDone = ending.how === "returned" && !ending.interruption;
      if (!check || !isDone || (ending.result === null && ending.usedNothing)) return ending;
      const checked = checkResult(ending.result, check);
      if (checked.ok) return { ...ending, result: checked.result };
      if (repairs === MAX_REPAIRS || this.#session.token === null)
        return this.#endingBy("threw", schemaMismatch(checked.problem, repairs));
      this.#recorder.record(resultRepair(checked.problem, repairs + 1, MAX_REPAIRS));
      prompt = [{ type: "text", text: repairInstruction(checked.problem) }];
    }
  }

  async #attempt(harness: Harness, prompt: Prompt): Promise<Ending> {
    this.#recorder.beginAttempt();
    const { promise: overdue, resolve: onOverdueExit } = Promise.withResolvers<void>();
    const watch = new RunWatch(this.#around.watch, {
      onTrouble: (error) => this.interrupt({ kind: "watch", error }),
      onOverdueExit,
    });
    try {
      const context = await this.#contextFor(prompt, watch);
      const consumed = this.#consume(harness.run(context), watch).then(
        () => this.#endingBy("returned"),
        (thrown: unknown) => this.#endingBy("threw", thrown),
      );
      const abandoned = afterAbort(this.#controller.signal, this.#around.watch.cancelMs).then(() =>
        this.#endingBy("abandoned"),
      );
      const leftBehind = overdue.then(() => this.#leaveBehind(harness));
      return await Promise.race([consumed, abandoned, leftBehind]);
    } finally {
      watch.stop();
    }
  }

  async #consume(events: AsyncIterable<unknown>, watch: RunWatch): Promise<void> {
    for await (const said of events) {
      if (this.#isOver) return;
      const event = this.#recorder.record(said as HarnessEvent);
      watch.saw(event);
      if (event.type === "usage" || event.type === "turn") this.#watchLimits();
      if (event.type === "usage") this.#reportUnknownCost(event.model);
      this.#changes.follow(event);
      await this.#around.journal.committed();
    }
  }

  #reportUnreadInput(): void {
    this.#steering.close();
    const texts = this.#steering.drain().map(describePrompt);
    if (texts.length > 0) this.#recorder.recordSeen(inputUnread(texts));
  }

  /** The result is there; what the harness still waits for is not worth waiting for. */
  #leaveBehind(harness: Harness): Ending {
    this.#recorder.recordSeen(exitOverdue(harness.title));
    return this.#endingBy("returned");
  }

  #contextFor(prompt: Prompt, watch: RunWatch): Promise<HarnessContext> {
    const id = this.#session.sessionId;
    const token = this.#forkFrom ?? this.#session.token ?? undefined;
    const session = { id, token, fork: this.#forkFrom !== null };
    const [run, admission, { signal }] = [this.#run, this.#admission, this.#controller];
    const [steering, recorder, changes] = [this.#steering, this.#recorder, this.#changes];
    const matter = { run, admission, session, prompt, signal, steering, recorder, changes, watch };
    return harnessContext(matter, this.#around);
  }

  #watchLimits(): void {
    const exhaustion = this.#ledger.exhausted(this.#admission.request);
    if (!exhaustion) return;
    const code = exhaustion.limit === "max_turns" ? "max_turns" : "budget_exhausted";
    this.interrupt({
      kind: "budget",
      error: { code, message: exhaustion.message, data: { limit: exhaustion.limit } },
    });
  }

  /** Once a run. */
  #reportUnknownCost(model: string | null): void {
    const { maxCostUsd } = this.#admission.request;
    if (maxCostUsd === undefined || this.#ledger.costIsKnown || this.#reportedUnknownCost) return;
    this.#reportedUnknownCost = true;
    this.#recorder.recordSeen(costUnknown(model, maxCostUsd));
  }

  #endingBy(how: Ending["how"], thrown?: unknown): Ending {
    const { result, didSomething } = this.#recorder;
    const [interruption, usedNothing] = [this.#interruption, this.#ledger.isEmpty];
    const upstream = this.#model.failure;
    return { how, thrown, interruption, result, didSomething, usedNothing, upstream };
  }

  #bindSession(token: string): Write {
    this.#forkFrom = null;
    return this.#saveSession({ token });
  }

  #saveSession(news: Partial<SessionRecord>): Write {
    this.#session = { ...this.#session, ...news };
    return this.#around.store.saveSession(this.#session);
  }

  #resourcesOfSession(): ResourceUse {
    return this.#around.processes.resourcesOf(this.#session.sessionId);
  }
}
