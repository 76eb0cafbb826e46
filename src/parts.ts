// The parts of the daemon behind its doors: journal, processes, runs and the model gateway, each made from the settings.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { harnesses } from "../harnesses/index.ts";
import { WarmPool } from "../harnesses/warm-pool.ts";
import { tools } from "../tools/index.ts";
import { EVERYWHERE } from "../tools/paths.ts";
import type { ContainmentReport } from "../tools/process.ts";
import { BoxProcesses } from "../tools/machinery/process/process-table.ts";
import type { Config } from "./settings/config.ts";
import { Journal } from "./journal/journal.ts";
import type { Log } from "./log/log.ts";
import type { ModelGateway } from "./models/gateway.ts";
import { resolveModelAccess } from "./models/model-access.ts";
import { processEvents } from "./journal/process-events.ts";
import { PermissionBroker } from "./runs/execution/permissions.ts";
import { RunStore } from "./runs/record/run-store.ts";
import { Runs } from "./runs/runs.ts";
import type { Secrets } from "./log/secrets.ts";
import { watchLimits } from "./runs/execution/watch-settings.ts";

const WARM_LIMITS = { idleMs: 10 * 60_000, maxKept: 8 };
const BYTES_PER_MB = 1024 * 1024;
const MS_PER_SECOND = 1000;
const MS_PER_DAY = 24 * 60 * 60 * 1000;

/** What the doors lead to. */
export interface Parts {
  readonly journal: Journal;
  readonly processes: BoxProcesses;
  readonly store: RunStore;
  readonly permissions: PermissionBroker;
  readonly runs: Runs;
  readonly warmPools: ReadonlyMap<string, WarmPool>;
  readonly gateway: ModelGateway;
}

export function openJournal(config: Config, secrets: Secrets, log: Log): Journal {
  const journal = Journal.open({
    directory: join(config.stateDir, "journal"),
    retention: { maxAgeMs: config.keepDays * MS_PER_DAY, maxBytes: config.keepMb * BYTES_PER_MB },
    redact: (json) => secrets.redact(json),
    onProblem: ({ code, message, error }) => log.error({ code, err: error }, message),
  });
  if (journal.opening.kind === "set_aside")
    log.error(
      { detail: journal.opening.detail },
      "the journal was damaged and has been set aside; a new one begins",
    );
  return journal;
}

export function openProcesses(config: Config, journal: Journal, log: Log): BoxProcesses {
  return new BoxProcesses({
    directory: join(config.stateDir, "processes"),
    boxId: createHash("sha256").update(config.stateDir).digest("hex").slice(0, 16),
    observer: processEvents(journal, log),
    maxRecordBytes: config.maxRecordMb * BYTES_PER_MB,
  });
}

export function wireRuns(
  config: Config,
  secrets: Secrets,
  journal: Journal,
  processes: BoxProcesses,
  swept: ContainmentReport | null,
  gateway: ModelGateway,
  log: Log,
): Parts {
  const store = new RunStore(journal.database);
  const permissions = new PermissionBroker(journal);
  const warmPools = new Map(harnesses.map((harness) => [harness.name, new WarmPool(WARM_LIMITS)]));
  const runs = new Runs({
    journal,
    store,
    processes,
    swept,
    permissions,
    tools,
    harnesses,
    log,
    warmPoolOf: (harness) => warmPools.get(harness) ?? new WarmPool(WARM_LIMITS),
    resolveModel: (wish, request) => {
      for (const { apiKey } of Object.values(request.providers)) secrets.borrow(apiKey);
      return resolveModelAccess(wish, request.providers, config.providers);
    },
    gateway,
    session: (sessionId) => store.session(sessionId),
    paths: pathsOf(config),
    commandEnv: config.commandEnv,
    workspace: config.workspace,
    stateDir: config.stateDir,
    agentsDir: config.agentsDir,
    runTimeoutMs: config.runTimeout * MS_PER_SECOND,
    watch: watchLimits(config),
    maxRuns: config.maxRuns,
    maxQueuedRuns: config.maxQueuedRuns,
  });
  return { journal, processes, store, permissions, runs, warmPools, gateway };
}

/** All that may still write facts: ends of processes are facts too. */
export async function closeWork({ warmPools, processes, gateway }: Parts): Promise<void> {
  await Promise.all([...warmPools.values()].map((pool) => pool.closeAll()));
  await Promise.all([processes.close(), gateway.close()]);
}

/** Which paths tools and transfers may touch. */
export function pathsOf(config: Config): { roots: readonly string[] } {
  return config.allowPath.length === 0 ? EVERYWHERE : { roots: config.allowPath };
}
