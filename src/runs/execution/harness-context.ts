// All that a harness gets for one run, put together from the request and the daemon's parts.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Prompt } from "../../../harnesses/content.ts";
import type { HarnessContext } from "../../../harnesses/harness.ts";
import type { InputQueue } from "../../../harnesses/input-queue.ts";
import type { ModelAccess } from "../../../harnesses/providers.ts";
import type { WarmPool } from "../../../harnesses/warm-pool.ts";
import type { PathPolicy } from "../../../tools/path-policy.ts";
import type { ProcessTable } from "../../../tools/process.ts";
import type { Tool } from "../../../tools/tool.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Log } from "../../log/log.ts";
import type { Run, RunRequest } from "../../wire/methods.ts";
import type { ModelGateway } from "../../models/gateway.ts";
import type { ModelWish } from "../../models/model-access.ts";
import type { ChangeWatch } from "../../workspace/change-watch.ts";
import type { Admission } from "../admission/admission.ts";
import { exceptLoopback } from "./loopback.ts";
import type { PermissionBroker } from "./permissions.ts";
import { allowsEverything } from "../admission/policy.ts";
import type { RunRecorder } from "../record/run-recorder.ts";
import type { RunStore } from "../record/run-store.ts";
import type { RunWatch, WatchLimits } from "./run-watch.ts";
import { chooseTools, toolCaller } from "./run-tools.ts";

/** Between SIGTERM and SIGKILL for what a run leaves behind. */
export const SWEEP_GRACE_MS = 500;

/** The daemon's parts that a run needs. */
export interface ExecutionSurroundings {
  readonly journal: Journal;
  readonly store: RunStore;
  readonly processes: ProcessTable;
  readonly tools: readonly Tool[];
  readonly permissions: PermissionBroker;
  readonly warmPoolOf: (harness: string) => WarmPool;
  /** The model's server and key. Throws CodedError. */
  readonly resolveModel: (wish: ModelWish, request: RunRequest) => ModelAccess;
  /** Stands between the agents and the model's server, so that they never hold the key. */
  readonly gateway: ModelGateway;
  readonly paths: PathPolicy;
  readonly commandEnv: Readonly<Record<string, string>>;
  readonly stateDir: string;
  readonly agentsDir: string;
  /** For a run that names no time limit itself. */
  readonly runTimeoutMs: number;
  readonly watch: WatchLimits;
  readonly log: Log;
}

/** What belongs to the one run, or to one attempt of it. */
export interface RunMatter {
  readonly run: Run;
  readonly admission: Admission;
  readonly session: HarnessContext["session"];
  readonly prompt: Prompt;
  readonly signal: AbortSignal;
  readonly steering: InputQueue;
  readonly recorder: RunRecorder;
  readonly changes: ChangeWatch;
  readonly watch: RunWatch;
}

export async function harnessContext(
  matter: RunMatter,
  around: ExecutionSurroundings,
): Promise<HarnessContext> {
  const { run, admission, session, signal, changes, watch, recorder } = matter;
  const { request, harness } = admission;
  const { processes, permissions } = around;
  const stateDir = join(around.stateDir, "harnesses", harness.name);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const tools = chooseTools(around.tools, request);
  const env = exceptLoopback({ ...around.commandEnv, ...request.env });
  const askPermission: HarnessContext["askPermission"] = (question) =>
    watch.during(permissions.decide(run, request.permissions, question, signal));
  const { runId, cwd } = run;
  const { paths, log } = around;
  const call = toolCaller({
    runId,
    tools,
    cwd,
    env,
    signal,
    paths,
    processes,
    log,
    askPermission,
    onReady: () => changes.ready(),
    onOutput: (...output) => recorder.recordToolOutput(...output),
  });
  return {
    ...wishesOf(matter),
    runId,
    cwd,
    env,
    signal,
    session,
    stateDir,
    tools,
    askPermission,
    call,
    agentsDir: around.agentsDir,
    marker: processes.markerOf(runId),
    warm: around.warmPoolOf(harness.name),
    modelAccess: (name, dialect) => {
      const wish = { model: name, dialects: dialect ? [dialect] : harness.dialects };
      return around.gateway.accessFor(session.id, around.resolveModel(wish, request));
    },
    spawn: (asked) => processes.spawn({ ...asked, owner: asked.owner ?? runId }),
    sweep: (owner, spare) => processes.stopOwner(owner, { graceMs: SWEEP_GRACE_MS, spare }),
  };
}

/** What the host asked for, as the harness reads it. */
function wishesOf({ admission: { request, model, options }, prompt, steering }: RunMatter) {
  return {
    prompt,
    steering,
    options,
    model: model ?? undefined,
    effort: request.effort,
    systemPrompt: request.systemPrompt,
    schema: request.schema,
    limits: request,
    allowedTools: request.allowedTools,
    deniedTools: request.deniedTools,
    mcpServers: request.mcpServers,
    mustAsk: !allowsEverything(request.permissions),
  };
}
