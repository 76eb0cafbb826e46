import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Harnessd } from "../../src/client/index.ts";
import { ScriptedModel } from "../scripted-model/scripted-model.ts";

const PROGRAM = resolve(import.meta.dirname, "../../src/bin.ts");

let base = "";
let model: ScriptedModel;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "harnessd-daemon-"));
  model = await ScriptedModel.start();
});
afterAll(async () => {
  await model.close();
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** All of its log, once it has ended. */
  readonly ended: Promise<string>;
}

async function serve(stateDir: string, env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const { PATH } = process.env;
  const args = [PROGRAM, "serve", "--port", "0", "--state-dir", stateDir, "--workspace", base];
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME: base, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (text) => (log += String(text)));
  const ended = new Promise<string>((done) => child.once("close", () => done(log)));
  for await (const line of createInterface({ input: child.stdout }))
    return { child, ended, url: (JSON.parse(line) as { url: string }).url };
  throw new Error(`The daemon ended: ${await ended}`);
}

function linesOf(log: string): Record<string, unknown>[] {
  return log
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("the log tells of runs, of a daemon that was killed, and of what became of its runs", async () => {
  const stateDir = join(base, "state");
  const { anthropicBaseUrl } = model.script("log", [
    { text: "Done." },
    { calls: [{ intent: "shell", command: "sleep 300" }] },
  ]);
  const first = await serve(stateDir, {
    ANTHROPIC_API_KEY: "sk-for-tests-only",
    ANTHROPIC_BASE_URL: anthropicBaseUrl,
  });
  const box = await Harnessd.connect({ url: first.url });
  const whole = await box.run({ prompt: "be done" });
  await whole.result();
  const cut = await box.run({ prompt: "sleep" });
  for await (const { type } of cut) if (type === "tool.started") break;
  await box.close();
  first.child.kill("SIGKILL");
  const before = linesOf(await first.ended);
  expect(before).toContainEqual(
    expect.objectContaining({
      level: "info",
      msg: "run started",
      runId: whole.id,
      harness: "native",
    }),
  );
  expect(before).toContainEqual(
    expect.objectContaining({
      level: "info",
      msg: "run ended",
      runId: whole.id,
      outcome: "completed",
    }),
  );
  const second = await serve(stateDir);
  second.child.kill("SIGTERM");
  const after = linesOf(await second.ended).filter(({ level }) => level === "warn");
  expect(after).toMatchObject([
    {
      msg: "the last daemon on this state directory did not end cleanly",
      swept: { survivors: [] },
    },
    { msg: "a run that the last daemon left running was closed", runId: cut.id },
  ]);
});

test("the list of harnesses says of each whether it is ready, what it can do, and what it uses unasked", async () => {
  const { child, url, ended } = await serve(join(base, "listing"), {
    HARNESSD_AGENTS_DIR: join(base, "no-agents"),
  });
  const box = await Harnessd.connect({ url });
  const { harnesses } = await box.call("harness_list", {});
  await box.close();
  child.kill("SIGTERM");
  await ended;
  const byName = Object.fromEntries(harnesses.map((harness) => [harness.name, harness]));
  expect(byName["native"]).toMatchObject({
    ready: true,
    reason: null,
    capabilities: { permissions: true },
    unaskedTools: ["plan_update"],
  });
  expect(byName["claude-code"]).toMatchObject({ ready: false, unaskedTools: [] });
  expect(byName["codex"]).toMatchObject({
    ready: false,
    reason: expect.stringContaining("harnessd agents install codex"),
  });
  expect(byName["codex"]?.unaskedTools).toEqual(
    expect.arrayContaining(["update_plan", "read_mcp_resource"]),
  );
});

test("a state directory that cannot be made is refused with what to do", async () => {
  writeFileSync(join(base, "file"), "");
  await expect(serve(join(base, "file"))).rejects.toThrow(
    /state directory .*file.* cannot be used .*Name one that can be written to/,
  );
});
