// Every setting of the daemon, declared once: its flag, its variable, its default, its meaning.
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { LOG_LEVELS } from "../log/log.ts";

const count = z.coerce.number().int().positive();
/** A timer takes no more than 24 days, and would go off at once. */
const MAX_SECONDS = 7 * 24 * 3600;
const seconds = z.coerce.number().positive().max(MAX_SECONDS);
const list = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",").filter((each) => each !== "") : value),
  z.array(z.string()),
);

export interface Setting {
  /** As commander reads it; a `...` takes several values. */
  readonly flag: string;
  readonly variable: string;
  readonly schema: z.ZodType;
  readonly help: string;
  /** What `--help` shows; computed where it depends on the machine. */
  readonly standard: string | number | readonly string[] | undefined;
}

const home = join(homedir(), ".harnessd");

export const settings = {
  host: setting(
    "--host <address>",
    z.string().min(1),
    "127.0.0.1",
    "address to listen on; any other than loopback needs a token",
  ),
  port: setting(
    "--port <number>",
    z.coerce.number().int().min(0).max(65_535),
    8420,
    "port to listen on; 0 picks a free one",
  ),
  token: setting(
    "--token <token>",
    z.string().min(8).optional(),
    undefined,
    "bearer token that hosts must give; better by variable or file: arguments can be read by every process",
  ),
  tokenFile: setting(
    "--token-file <file>",
    z.string().min(1).optional(),
    undefined,
    "file that holds the token",
  ),
  secretsFile: setting(
    "--secrets-file <file>",
    z.string().min(1).optional(),
    undefined,
    "NAME=value lines of provider keys and tokens, in the place of variables; a pipe such as /dev/fd/3 leaves nothing for agents to read",
  ),
  stateDir: setting(
    "--state-dir <dir>",
    z.string().min(1),
    home,
    "where the journal, sessions and output records live; keep it over restarts",
  ),
  workspace: setting(
    "--workspace <dir>",
    z.string().min(1),
    ".",
    "directory that relative paths start from, and where runs work by default",
  ),
  agentsDir: setting(
    "--agents-dir <dir>",
    z.string().min(1),
    join(home, "agents"),
    "where `harnessd agents install` puts agent programs",
  ),
  connect: setting(
    "--connect <url>",
    z.url({ protocol: /^wss?$/ }).optional(),
    undefined,
    "dial out to this host (ws:// or wss://) as well as listening",
  ),
  connectToken: setting(
    "--connect-token <token>",
    z.string().min(1).optional(),
    undefined,
    "bearer token shown to the host that is dialled; the daemon's own when absent",
  ),
  allowPath: setting(
    "--allow-path <dir...>",
    list,
    [],
    "confine file tools, transfers and working directories to these; the whole box when absent",
  ),
  allowOrigin: setting(
    "--allow-origin <origin...>",
    list,
    [],
    "browser origins that may connect; none when absent",
  ),
  maxRuns: setting("--max-runs <count>", count, 4, "runs at once; further ones are queued"),
  maxQueuedRuns: setting(
    "--max-queued-runs <count>",
    count,
    256,
    "runs that may wait; further ones are refused",
  ),
  maxConnections: setting("--max-connections <count>", count, 128, "hosts at once"),
  maxFrameMb: setting("--max-frame-mb <megabytes>", count, 16, "largest message taken from a host"),
  maxRecordMb: setting(
    "--max-record-mb <megabytes>",
    count,
    4096,
    "output kept per stream of a process",
  ),
  heartbeat: setting(
    "--heartbeat <seconds>",
    seconds,
    15,
    "time between pings; a host that misses two is closed",
  ),
  runTimeout: setting(
    "--run-timeout <seconds>",
    seconds,
    4 * 3600,
    "longest time of a run that names none itself",
  ),
  firstEventTimeout: setting(
    "--first-event-timeout <seconds>",
    seconds,
    180,
    "end a run whose agent says nothing at all for so long",
  ),
  progressTimeout: setting(
    "--progress-timeout <seconds>",
    seconds,
    600,
    "end a run whose agent says nothing for so long, no tool being at work",
  ),
  toolTimeout: setting(
    "--tool-timeout <seconds>",
    seconds,
    3600,
    "end a run whose tool is silent for so long",
  ),
  exitTimeout: setting(
    "--exit-timeout <seconds>",
    seconds,
    10,
    "end an agent that goes on for so long after its result; the result stands",
  ),
  cancelTimeout: setting(
    "--cancel-timeout <seconds>",
    seconds,
    1.5,
    "leave an agent behind that does not end by itself so long after a cancel; its processes are ended",
  ),
  maxRetries: setting(
    "--max-retries <count>",
    count,
    12,
    "end a run whose model does not answer in so many retries",
  ),
  grace: setting(
    "--grace <seconds>",
    seconds,
    10,
    "time that a shutdown gives to runs and processes",
  ),
  keepDays: setting(
    "--keep-days <days>",
    seconds,
    7,
    "age after which events are let go, unless a subscriber still needs them",
  ),
  keepMb: setting(
    "--keep-mb <megabytes>",
    count,
    1024,
    "size of the journal beyond which the oldest events are let go",
  ),
  logLevel: setting(
    "--log-level <level>",
    z.enum(LOG_LEVELS),
    "info",
    `one of ${LOG_LEVELS.join(", ")}`,
  ),
} as const satisfies Record<string, Setting>;

export type Settings = {
  readonly [Name in keyof typeof settings]: z.output<(typeof settings)[Name]["schema"]>;
};

function setting<Schema extends z.ZodType>(
  flag: string,
  schema: Schema,
  standard: Setting["standard"],
  help: string,
) {
  const variable = `HARNESSD_${/--([a-z-]+)/.exec(flag)?.[1]?.replaceAll("-", "_").toUpperCase()}`;
  return { flag, variable, schema, standard, help } as const;
}
