// The daemon, wired from its parts; read from top to bottom, it is the architecture.
import { join } from "node:path";
import { harnesses } from "../harnesses/index.ts";
import { tools } from "../tools/index.ts";
import type { ContainmentReport } from "../tools/process.ts";
import { boxHandlers } from "./doors/socket/box-handlers.ts";
import { secretsOf, type Config } from "./settings/config.ts";
import { daemonMetrics } from "./life/daemon-metrics.ts";
import { prepareDirectories } from "./settings/directories.ts";
import { dialOut, type OutgoingDoor } from "./doors/socket/dial-out.ts";
import { listen, type ListeningDoor } from "./doors/socket/listen.ts";
import { metricsRoute } from "./doors/http/metrics.ts";
import { hideSecrets } from "./settings/hidden-secrets.ts";
import { probeRoutes } from "./doors/http/probes.ts";
import { transferRoutes } from "./doors/http/transfer.ts";
import type { Journal } from "./journal/journal.ts";
import { createLog, type Log } from "./log/log.ts";
import { limitMemory } from "./life/memory.ts";
import { ModelGateway } from "./models/gateway.ts";
import { closeLostProcesses } from "./journal/process-events.ts";
import { readinessOf } from "./life/readiness.ts";
import { tableOf } from "./doors/socket/method-table.ts";
import type { MethodTable } from "./doors/socket/method.ts";
import { serveHttp } from "./doors/http/server.ts";
import type { Route } from "./doors/http/route.ts";
import { streamHandlers } from "./doors/socket/streams.ts";
import { eventHandlers } from "./doors/socket/subscriptions.ts";
import { runHandlers } from "./doors/socket/run-handlers.ts";
import { containmentOnWire } from "../tools/machinery/process/schemas.ts";
import type { Runs } from "./runs/runs.ts";
import { closeWork, openJournal, openProcesses, type Parts, pathsOf, wireRuns } from "./parts.ts";
import { Secrets } from "./log/secrets.ts";
import { toolMethods } from "./doors/socket/tool-methods.ts";
import { VERSION } from "./wire/version.ts";
import { clearLeftovers } from "./workspace/shadow-repository.ts";

const BYTES_PER_MB = 1024 * 1024;
const MS_PER_SECOND = 1000;
/** How long a shutdown waits for hosts that have not been sent the last facts yet; they find them after the next start. */
const LAST_FACTS_MS = 1000;

export interface Daemon {
  /** `ws://…` that hosts connect to. */
  readonly url: string;
  readonly log: Log;
  /** Settles when the host that was dialled has refused for good; never when none was. */
  readonly refused: Promise<string>;
  /** Ends runs, processes and connections in this order, and writes the journal to its end. */
  close(reason: string): Promise<void>;
}

/** Starts everything. Throws what a person can act on: ConfigError, CodedError, ListenError. */
export async function startDaemon(config: Config): Promise<Daemon> {
  const secrets = new Secrets(secretsOf(config));
  const log = createLog(config.logLevel, secrets);
  hideSecrets(secretsOf(config), log);
  await prepareDirectories(config);
  const journal = openJournal(config, secrets, log);
  const processes = openProcesses(config, journal, log);
  // Looking through all processes takes time that a start after a clean end need not spend.
  const swept = mayHaveLeftovers(journal) ? await processes.stopAll() : null;
  await clearLeftovers(config.stateDir);
  const gateway = await ModelGateway.start({ log, proxyEnv: config.commandEnv });
  const parts = wireRuns(config, secrets, journal, processes, swept, gateway, log);
  await recordStart(journal, swept, parts.runs, log);
  const methods = methodsOf(config, parts, log);
  const door = await openDoor(config, methods, parts, log).catch(async (error: unknown) => {
    await closeWork(parts);
    journal.close();
    throw error;
  });
  parts.runs.beginWaiting();
  limitMemory();
  setImmediate(() => parts.processes.warmUp());
  const outgoing =
    config.connect === undefined ? undefined : dial(config, config.connect, methods, log);
  log.info(
    { url: door.url, stateDir: config.stateDir, epoch: journal.epoch, version: VERSION },
    "serving",
  );
  return {
    url: door.url,
    log,
    refused: outgoing
      ? outgoing.ended.then(({ reason, message }) =>
          reason === "refused" ? message : new Promise<never>(() => {}),
        )
      : new Promise(() => {}),
    close: (reason) => closeAll(reason, parts, door, outgoing),
  };
}

/** Nothing was started before there was a journal, and nothing is left where the last daemon ended everything itself. */
function mayHaveLeftovers({ opening, previousEnd }: Journal): boolean {
  return previousEnd !== "clean" && opening.kind !== "created";
}

/** The first fact of this daemon's life, then the ends of what its predecessor left open. */
async function recordStart(
  journal: Journal,
  swept: ContainmentReport | null,
  runs: Runs,
  log: Log,
): Promise<void> {
  if (journal.previousEnd === "crashed")
    log.warn(
      { swept: swept && containmentOnWire(swept) },
      "the last daemon on this state directory did not end cleanly",
    );
  journal.append(
    {
      type: "daemon.started",
      version: VERSION,
      previous: journal.previousEnd,
      swept: swept && swept.signalled > 0 ? containmentOnWire(swept) : null,
    },
    { source: "daemon" },
  );
  closeLostProcesses(journal, swept);
  await runs.recover();
}

function methodsOf(
  config: Config,
  { journal, processes, store, permissions, runs }: Parts,
  log: Log,
): MethodTable {
  const table = tableOf({
    ...boxHandlers({ config, journal, tools, harnesses }),
    ...runHandlers(runs, store, permissions),
    ...eventHandlers(journal, log),
    ...streamHandlers(serveHttp({ routes: transfers(config), refuse: () => undefined, log })),
  });
  const surroundings = {
    cwd: config.workspace,
    env: config.commandEnv,
    paths: pathsOf(config),
    processes,
  };
  for (const [name, method] of toolMethods({ tools, ...surroundings })) table.set(name, method);
  return table;
}

function openDoor(
  config: Config,
  methods: MethodTable,
  parts: Parts,
  log: Log,
): Promise<ListeningDoor> {
  const { journal } = parts;
  return listen({
    host: config.host,
    port: config.port,
    token: config.token,
    allowedOrigins: config.allowOrigin,
    methods,
    routes: [
      ...probeRoutes(readinessOf(journal, join(config.stateDir, "journal", "journal.db"))),
      metricsRoute(() => daemonMetrics(parts)),
      ...transfers(config),
    ],
    log,
    maxConnections: config.maxConnections,
    maxFrameBytes: config.maxFrameMb * BYTES_PER_MB,
    heartbeatMs: config.heartbeat * MS_PER_SECOND,
  });
}

function dial(config: Config, url: string, methods: MethodTable, log: Log): OutgoingDoor {
  const token = config.connectToken ?? config.token;
  return dialOut({
    url,
    token,
    methods,
    log,
    maxFrameBytes: config.maxFrameMb * BYTES_PER_MB,
    heartbeatMs: config.heartbeat * MS_PER_SECOND,
  });
}

async function closeAll(
  reason: string,
  parts: Parts,
  door: ListeningDoor,
  outgoing: OutgoingDoor | undefined,
): Promise<void> {
  parts.journal.append({ type: "daemon.stopping", reason }, { source: "daemon" });
  await parts.runs.close(reason);
  await closeWork(parts);
  await parts.journal.committed();
  await parts.journal.caughtUp(LAST_FACTS_MS);
  await Promise.all([door.close(), outgoing?.close()]);
  parts.journal.close();
}

function transfers(config: Config): readonly Route[] {
  return transferRoutes({ cwd: config.workspace, paths: pathsOf(config) });
}
