// Runs with everything real around them but the harness, which is one that misbehaves on command.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Harness } from "../../../harnesses/harness.ts";
import { WarmPool } from "../../../harnesses/warm-pool.ts";
import { tools } from "../../../tools/index.ts";
import { EVERYWHERE } from "../../../tools/paths.ts";
import { BoxProcesses } from "../../../tools/machinery/process/process-table.ts";
import type { EventType, Fact } from "../../../src/wire/events.ts";
import { Journal } from "../../../src/journal/journal.ts";
import { createLog } from "../../../src/log/log.ts";
import { type Run, RunRequest, type RunRequestInput } from "../../../src/wire/methods.ts";
import { ModelGateway } from "../../../src/models/gateway.ts";
import { resolveModelAccess } from "../../../src/models/model-access.ts";
import { processEvents } from "../../../src/journal/process-events.ts";
import { PermissionBroker } from "../../../src/runs/execution/permissions.ts";
import type { WatchLimits } from "../../../src/runs/execution/run-watch.ts";
import { RunStore } from "../../../src/runs/record/run-store.ts";
import { Runs } from "../../../src/runs/runs.ts";
import { Secrets } from "../../../src/log/secrets.ts";
import { misbehaving } from "../../fixtures/harnesses/misbehaving.ts";

const WATCH: WatchLimits = {
  firstEventMs: 5000,
  progressMs: 5000,
  toolMs: 5000,
  exitMs: 5000,
  cancelMs: 150,
  retries: 5,
};

export interface TestRunsOptions {
  /** To open the journal of an earlier one again. */
  readonly base?: string;
  readonly watch?: Partial<WatchLimits>;
  readonly maxRuns?: number;
  readonly maxQueuedRuns?: number;
  readonly harnesses?: readonly Harness[];
}

export class TestRuns {
  readonly base: string;
  readonly workspace: string;
  readonly journal: Journal;
  readonly processes: BoxProcesses;
  readonly permissions: PermissionBroker;
  readonly store: RunStore;
  readonly runs: Runs;
  readonly #gateway: ModelGateway;

  private constructor(base: string, gateway: ModelGateway, options: TestRunsOptions) {
    this.base = base;
    this.#gateway = gateway;
    this.workspace = join(base, "workspace");
    mkdirSync(this.workspace, { recursive: true });
    this.journal = Journal.open({ directory: join(base, "journal") });
    this.processes = new BoxProcesses({
      directory: join(base, "processes"),
      boxId: base.replaceAll("/", "-"),
      observer: processEvents(this.journal, createLog("silent", new Secrets())),
    });
    this.permissions = new PermissionBroker(this.journal);
    this.store = new RunStore(this.journal.database);
    const { journal, processes, permissions, store, workspace } = this;
    const surroundings = {
      journal,
      processes,
      permissions,
      store,
      tools,
      gateway,
      workspace,
      swept: null,
      stateDir: base,
      agentsDir: join(base, "agents"),
    };
    this.runs = new Runs({
      ...surroundings,
      harnesses: options.harnesses ?? [misbehaving],
      log: createLog("silent", new Secrets()),
      warmPoolOf: () => new WarmPool({ idleMs: 1000, maxKept: 1 }),
      resolveModel: (wish, request) => resolveModelAccess(wish, request.providers, {}),
      session: (sessionId) => store.session(sessionId),
      paths: EVERYWHERE,
      commandEnv: { PATH: process.env["PATH"] ?? "" },
      runTimeoutMs: 60_000,
      watch: { ...WATCH, ...options.watch },
      maxRuns: options.maxRuns ?? 4,
      maxQueuedRuns: options.maxQueuedRuns ?? 100,
    });
  }

  static async open(options: TestRunsOptions = {}): Promise<TestRuns> {
    const gateway = await ModelGateway.start({
      log: createLog("silent", new Secrets()),
      proxyEnv: {},
    });
    return new TestRuns(
      options.base ?? mkdtempSync(join(tmpdir(), "harnessd-runs-")),
      gateway,
      options,
    );
  }

  async start(prompt: string, request: Partial<RunRequestInput> = {}): Promise<Run> {
    const { run } = await this.runs.start(
      RunRequest.parse({ harness: "misbehaving", prompt, ...request }),
    );
    return run;
  }

  /** Starts a run and waits for its end. */
  async carryOut(prompt: string, request: Partial<RunRequestInput> = {}): Promise<Run> {
    return this.ended(await this.start(prompt, request));
  }

  ended({ runId }: Run): Promise<Run> {
    return this.runs.wait(runId, 30_000, new AbortController().signal);
  }

  factsOf({ runId }: Run): Fact[] {
    const { events } = this.journal.read({
      after: null,
      filter: { runId, deltas: false },
      limit: 10_000,
    });
    return events.map((text) => JSON.parse(text) as Fact);
  }

  /** The run's facts of one type. */
  facts<Type extends EventType>(run: Run, type: Type): Fact<Type>[] {
    return this.factsOf(run).filter((fact): fact is Fact<Type> => fact.type === type);
  }

  /** Waits until the run has written such a fact. */
  async until(run: Run, type: EventType): Promise<void> {
    const { batches } = this.journal.follow({
      after: run.cursor,
      filter: { runId: run.runId, types: [type], deltas: true },
      signal: AbortSignal.timeout(10_000),
    });
    for await (const _batch of batches) return;
  }

  /** Closes all; the directory stays, for an earlier one's successor. */
  async close(): Promise<void> {
    await this.runs.close("the test has ended");
    await this.processes.stopAll();
    await this.processes.close();
    await this.#gateway.close();
    await this.journal.committed();
    this.journal.close();
  }

  remove(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}
