// The provider's key and the daemon's token, looked for in everything that an agent's shell can read: with the real daemon and the real agents.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Harnessd, type Envelope } from "../../src/client/index.ts";
import { ScriptedModel, type ScriptStep } from "../scripted-model/scripted-model.ts";

const BIN = new URL("../../src/bin.ts", import.meta.url).pathname;
const NOBODY = 65_534;
/** A search through a busy machine takes its time. */
const PATIENT = { timeout: 180_000 };
const isRoot = process.getuid?.() === 0;
const canBeNobody = isRoot && spawnSync("setpriv", ["--version"]).status === 0;

let model: ScriptedModel;
const toEnd: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  model = await ScriptedModel.start();
});

afterEach(async () => {
  for (const end of toEnd.splice(0).toReversed()) await end();
});

afterAll(() => model.close());

interface Box {
  readonly host: Harnessd;
  readonly daemon: ChildProcess;
  readonly base: string;
  readonly workspace: string;
  readonly secrets: readonly string[];
  readonly log: () => string;
}

/** A daemon of its own, started as people start it: keys in the environment, a token among the arguments. */
async function openBox(baseUrls: Record<string, string>, uid?: number): Promise<Box> {
  const base = mkdtempSync(join(tmpdir(), "secrecy-"));
  const at = (name: string): string => join(base, name);
  for (const name of ["home", "state", "work"]) mkdirSync(at(name));
  if (uid !== undefined)
    for (const path of [base, at("home"), at("state"), at("work")]) chownSync(path, uid, uid);
  const [key, token] = [
    `sk-${randomBytes(16).toString("hex")}`,
    `tok-${randomBytes(16).toString("hex")}`,
  ];
  const { PATH, HARNESSD_AGENTS_DIR } = process.env;
  const keys = { ANTHROPIC_API_KEY: key, OPENAI_API_KEY: key, ...baseUrls };
  const env = {
    PATH,
    HARNESSD_AGENTS_DIR,
    HOME: at("home"),
    LANG: "C.UTF-8",
    HARNESSD_LOG_LEVEL: "debug",
    ...keys,
  };
  const serve = [
    process.execPath,
    BIN,
    "serve",
    "--port",
    "0",
    "--token",
    token,
    "--state-dir",
    at("state"),
    "--workspace",
    at("work"),
  ];
  const asUser =
    uid === undefined
      ? []
      : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
  const [program = "", ...args] = [...asUser, ...serve];
  const daemon = spawn(program, args, { env, cwd: at("work"), stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  daemon.stderr.on("data", (bytes: Buffer) => (log += String(bytes)));
  toEnd.push(async () => {
    daemon.kill("SIGTERM");
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
    rmSync(base, { recursive: true, force: true });
  });
  const [line] = (await Promise.race([
    once(createInterface(daemon.stdout), "line"),
    once(daemon, "exit"),
  ])) as [unknown];
  if (typeof line !== "string") throw new Error(`The daemon ended with ${String(line)}: ${log}`);
  const host = await Harnessd.connect({ url: (JSON.parse(line) as { url: string }).url, token });
  toEnd.push(() => host.close());
  return { host, daemon, base, workspace: at("work"), secrets: [key, token], log: () => log };
}

/** What an agent that wants the key would try; in halves, so that the search does not find itself. */
function searches({ base, secrets, daemon }: Box): string {
  const halves = secrets.map(
    (secret) => `"$(printf %s%s ${secret.slice(0, 20)} ${secret.slice(20)})"`,
  );
  return [
    "env > seen-env.txt",
    "for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ; done > seen-environ.txt 2>/dev/null",
    "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done > seen-cmdline.txt 2>/dev/null",
    "(ps aux -ww; ps axeww) > seen-ps.txt 2>/dev/null",
    `for fd in /proc/${daemon.pid}/fd/*; do [ -f $fd ] && head -c 100000 $fd; done > seen-fds.txt 2>/dev/null`,
    `for half in ${halves.join(" ")}; do grep -rlaF -- "$half" ${base}/state ${base}/home /tmp/.harnessd* 2>/dev/null; done > seen-files.txt`,
    "wc -c seen-*.txt | tail -1",
  ].join("\n");
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => existsSync(path) && statSync(path).isFile());

/** Lets the agent search, and names every place that holds one of the secrets: what it found, what was left, what was told. */
async function placesWithSecrets(
  harness: string,
  name: string,
  uid?: number,
): Promise<(string | undefined)[]> {
  const script = model.script(`secrecy-${harness}-${uid ?? "own"}`, []);
  const box = await openBox(
    { ANTHROPIC_BASE_URL: script.anthropicBaseUrl, OPENAI_BASE_URL: script.openaiBaseUrl },
    uid,
  );
  const steps: ScriptStep[] = [
    { calls: [{ intent: "shell", command: searches(box) }] },
    { text: "I looked everywhere." },
  ];
  script.add(...steps);
  const run = await box.host.run({ prompt: "Find the key.", harness, model: name });
  const events: Envelope[] = [];
  for await (const event of run) events.push(event);
  const ended = await run.result();
  expect(ended).toMatchObject({ outcome: "completed", result: { text: "I looked everywhere." } });
  const { headers } = script.asked[0]!;
  expect([headers["x-api-key"], headers.authorization]).toContain(
    headers["x-api-key"] ? box.secrets[0] : `Bearer ${box.secrets[0]}`,
  );
  const seen = filesBelow(box.workspace);
  expect(seen.map((path) => path.slice(box.workspace.length + 1)).sort()).toEqual(
    ["cmdline", "env", "environ", "fds", "files", "ps"].map((each) => `seen-${each}.txt`),
  );
  const read = (path: string): string => readFileSync(path, "latin1");
  expect(read(join(box.workspace, "seen-environ.txt"))).toContain(`HOME=${box.base}`);
  expect(read(join(box.workspace, "seen-files.txt"))).toBe("");
  const places = [
    ...filesBelow(box.base).map((path) => [path, read(path)] as const),
    ["events", JSON.stringify(events)],
    ["log", box.log()],
  ];
  return places
    .filter(([, content]) => box.secrets.some((secret) => content?.includes(secret)))
    .map(([place]) => place);
}

const AGENTS = [
  ["native", "anthropic/claude-opus-5-5"],
  ["claude-code", "anthropic/claude-opus-5-5"],
  ["codex", "openai/gpt-5.5"],
  ["opencode", "anthropic/claude-opus-5-5"],
] as const;

test.for(AGENTS)(
  "nothing that the shell of %s can read holds the key or the token",
  PATIENT,
  async ([harness, name]) => {
    expect(await placesWithSecrets(harness, name)).toEqual([]);
  },
);

// Skipped where there is no root to become somebody else from.
test.runIf(canBeNobody).for(AGENTS)(
  "nor does anything where the daemon and %s run as an ordinary user",
  PATIENT,
  async ([harness, name]) => {
    expect(await placesWithSecrets(harness, name, NOBODY)).toEqual([]);
  },
);
