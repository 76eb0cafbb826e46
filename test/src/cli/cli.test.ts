import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { VERSION } from "../../../src/wire/version.ts";
import { ScriptedModel } from "../../scripted-model/scripted-model.ts";
import { COMPILE_CACHE } from "./terminal.ts";

const PROGRAM = resolve(import.meta.dirname, "../../../src/bin.ts");
const TOKEN = "a-token-for-tests";

let base = "";
let model: ScriptedModel;
let daemon: ChildProcess;
let url = "";

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return {
    PATH,
    HOME,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    HARNESSD_STATE_DIR: join(base, "state"),
    HARNESSD_WORKSPACE: base,
    HARNESSD_TOKEN: TOKEN,
  };
}

function harnessd(
  args: string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: { ...environment(), ...options.env }, cwd: options.cwd },
      (error, stdout, stderr) => {
        done({ status: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    child.stdin?.end(options.input ?? "");
  });
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "harnessd-cli-"));
  model = await ScriptedModel.start();
  const { anthropicBaseUrl } = model.script("cli", [
    { text: "Working.", calls: [{ intent: "shell", command: "echo from the tool" }] },
    { text: "All done." },
  ]);
  const env = {
    ...environment(),
    ANTHROPIC_API_KEY: "sk-for-tests-only",
    ANTHROPIC_BASE_URL: anthropicBaseUrl,
  };
  daemon = spawn(process.execPath, [PROGRAM, "serve", "--port", "0", "--log-level", "warn"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: daemon.stdout! })) {
    ({ url } = JSON.parse(line) as { url: string });
    break;
  }
});

afterAll(async () => {
  const exited = new Promise((done) => daemon.once("exit", done));
  daemon.kill("SIGTERM");
  const status = await exited;
  if (status !== 0) throw new Error(`The daemon ended with ${String(status)}`);
  await model.close();
  rmSync(base, { recursive: true, force: true });
});

test("every command has help that names its options and their variables", async () => {
  const { status, stdout } = await harnessd(["serve", "--help"]);
  expect(status).toBe(0);
  for (const wanted of [
    "--state-dir",
    "HARNESSD_STATE_DIR",
    "--connect",
    "--token-file",
    "ANTHROPIC_API_KEY",
  ])
    expect(stdout).toContain(wanted);
  expect((await harnessd(["run", "--help"])).stdout).toMatch(/Examples:[^]*Exit status:/);
  for (const flag of ["--version", "-v"])
    expect((await harnessd([flag])).stdout.trim()).toBe(VERSION);
});

test.each([
  [
    ["serve", "--port", "many"],
    'harnessd: --port <number> (HARNESSD_PORT): wanted a number; found "many"',
  ],
  [["frobnicate"], "harnessd: unknown command 'frobnicate'"],
])("wrong usage %j is answered with what was wanted", async (args, message) => {
  const { status, stderr } = await harnessd(args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test("a run on the daemon of the state directory is shown to its end, as text and as JSON lines", async () => {
  const shown = await harnessd(["run", "do it"]);
  expect(shown).toMatchObject({ status: 0 });
  for (const wanted of ["● $ echo from the tool", "│ from the tool", "All done.", "■ completed"])
    expect(shown.stdout).toContain(wanted);
  const { stdout } = await harnessd(["runs", "--json"]);
  const { runId } = JSON.parse(stdout.split("\n")[0] ?? "") as { runId: string };
  const attached = await harnessd(["attach", runId, "--json"]);
  const events = attached.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; seq?: number });
  expect(events.at(0)?.type).toBe("run.queued");
  expect(events.at(-1)).toMatchObject({ type: "run.ended", outcome: "completed" });
  expect((await harnessd(["cancel", runId])).stdout).toContain("completed");
});

test("the exit status says that a run was refused, and why", async () => {
  const { status, stderr } = await harnessd(["run", "--harness", "nobody", "x"]);
  expect(status).toBe(6);
  expect(stderr).toBe(
    'harnessd: There is no harness "nobody"; known: native, claude-code, codex, opencode\n',
  );
});

test.each([
  [["run", "--harness", "nobody", "x"], 6, "unknown_harness"],
  [["attach", "run_of_nobody"], 6, "run_not_found"],
  [["run", "--no-such-flag"], 2, "wrong_usage"],
  [["status", "--token", "not-the-token"], 7, "unauthorized"],
  [["runs", "--url", "ws://127.0.0.1:9"], 5, "unreachable"],
])("with --json the refusal of %j is one object with its code", async (args, status, code) => {
  const ended = await harnessd([...args, "--json"]);
  expect(ended).toMatchObject({ status, stderr: "" });
  expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code, message: expect.any(String) } });
});

test("what a daemon's validator finds is said in words", async () => {
  const { status, stderr } = await harnessd([
    "run",
    "--max-cost",
    "1",
    "--key",
    "k".repeat(201),
    "x",
  ]);
  expect([status, stderr]).toEqual([
    6,
    "harnessd: The daemon does not take this: key: wanted at most 200 characters\n",
  ]);
});

test("a command's streams, input and exit status come through whole", async () => {
  const program = 'cat; printf "ünï\\0é" ; echo wrong >&2; exit 7';
  const ended = await harnessd(["exec", "--", "bash", "-c", program], { input: "from stdin\n" });
  expect(ended).toEqual({ status: 7, stdout: "from stdin\nünï\0é", stderr: "wrong\n" });
});

test("a command needs no -- before its own options, and gets its directory and its variables", async () => {
  mkdirSync(join(base, "below"), { recursive: true });
  const args = ["exec", "--cwd", "below", "--env", "A=1", "--env", "HOME", "printenv", "-0", "A"];
  expect(await harnessd(args)).toEqual({ status: 0, stdout: "1\0", stderr: "" });
  const { stdout } = await harnessd(["exec", "--cwd", "below", "pwd", "-P"]);
  expect(stdout.trim()).toBe(realpathSync(join(base, "below")));
});

test("a run's --cwd is meant from the workspace as well, wherever the caller stands", async () => {
  mkdirSync(join(base, "below"), { recursive: true });
  const { stdout } = await harnessd(["run", "--json", "--cwd", "below", "x"], { cwd: "/" });
  const started = stdout.split("\n").map((line) => JSON.parse(line || "{}") as { cwd?: string });
  expect(started.find(({ cwd }) => cwd)?.cwd).toBe(join(base, "below"));
});

test("a command's time limit is 124, as with timeout", async () => {
  const { status, stderr } = await harnessd(["exec", "--timeout", "0.2", "sleep", "30"]);
  expect([status, stderr]).toEqual([
    124,
    "harnessd: The command took longer than 0.2 s and was ended\n",
  ]);
});

test("a token that is wrong and a daemon that is not there are told apart", async () => {
  const wrong = await harnessd(["runs", "--url", url, "--token", "not-the-token"]);
  const missing = await harnessd(["runs"], { env: { HARNESSD_TOKEN: "" } });
  const absent = await harnessd(["runs", "--url", "ws://127.0.0.1:9", "--token", TOKEN]);
  expect([wrong.status, missing.status, absent.status]).toEqual([7, 7, 5]);
  const how = "in HARNESSD_TOKEN, with --token-file or with --token";
  expect(wrong.stderr).toBe(
    `harnessd: The daemon at ${url} does not accept the token; give the right one ${how}\n`,
  );
  expect(missing.stderr).toBe(`harnessd: The daemon at ${url} wants a token: give it ${how}\n`);
  expect(absent.stderr).toContain("127.0.0.1:9");
});

test("an empty HARNESSD_URL is none, and a schema that is no JSON is wrong usage", async () => {
  expect((await harnessd(["runs"], { env: { HARNESSD_URL: "" } })).status).toBe(0);
  const { status, stderr } = await harnessd(["run", "--schema", PROGRAM, "x"]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("is not a readable JSON file")]);
});

test("a second daemon on the same state directory is refused by name", async () => {
  const { status, stderr } = await harnessd(["serve", "--port", "0"]);
  expect(status).toBe(1);
  expect(stderr).toContain(String(daemon.pid));
});

test("an address that others can reach needs a token", async () => {
  const env = { HARNESSD_TOKEN: "", HARNESSD_STATE_DIR: join(base, "other") };
  const { status, stderr } = await harnessd(["serve", "--port", "0", "--host", "0.0.0.0"], { env });
  expect([status, stderr]).toEqual([1, expect.stringContaining("needs a token")]);
});

test("without a daemon, run starts one of its own and ends it", async () => {
  const schema = join(base, "schema.json");
  writeFileSync(
    schema,
    JSON.stringify({ type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] }),
  );
  const { anthropicBaseUrl } = model.script("own", [{ text: '{"ok": true}' }]);
  const env = {
    HARNESSD_STATE_DIR: join(base, "own"),
    ANTHROPIC_API_KEY: "sk-for-tests-only",
    ANTHROPIC_BASE_URL: anthropicBaseUrl,
  };
  const { status, stdout, stderr } = await harnessd(
    ["run", "--json", "--schema", schema, "answer"],
    { env },
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
    type: "run.ended",
    result: { json: { ok: true } },
  });
});
