// A session outlives the process that began it, even one that was killed in the middle of a call.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HarnessEvent } from "../../../harnesses/events.ts";
import { ScriptedModel, type PlayedScript } from "../../scripted-model/scripted-model.ts";

const PROGRAM = fileURLToPath(new URL("fixtures/run-native.ts", import.meta.url));
let server: ScriptedModel;
let stateDir: string;
beforeEach(async () => {
  server = await ScriptedModel.start();
  stateDir = await mkdtemp(join(tmpdir(), "restart-"));
});
afterEach(async () => {
  await server.close();
  await rm(stateDir, { recursive: true, force: true });
});

/** Runs in another process; kills it when `killAt` comes by for that many times. */
async function runElsewhere(
  script: PlayedScript,
  prompt: string,
  token = "",
  killAt?: HarnessEvent["type"],
  times = 1,
): Promise<HarnessEvent[]> {
  const env = { ...process.env, TMPDIR: stateDir }; // a killed process removes nothing itself
  const child = spawn(
    process.execPath,
    [PROGRAM, script.anthropicBaseUrl, stateDir, prompt, token],
    {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const events: HarnessEvent[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as HarnessEvent;
    events.push(event);
    if (event.type === killAt && events.filter(({ type }) => type === killAt).length === times)
      child.kill("SIGKILL");
  }
  return events;
}

test("a new process goes on where one was killed in the middle of a command", async () => {
  const script = server.script(
    "restart",
    [
      { text: "I run it.", calls: [{ tool: "shell_exec", input: { command: "sleep 2" } }] },
      { text: "It was interrupted; I look first." },
    ],
    { strict: true },
  );
  const first = await runElsewhere(script, "Do it.", "", "tool.started");
  expect(first.at(-1)?.type).toBe("tool.started");
  const bound = first.find((event) => event.type === "session.bound");
  const second = await runElsewhere(script, "And?", bound?.token);
  expect(second.at(-1)).toEqual({ type: "result", text: "It was interrupted; I look first." });
  const asked = (await script.arrival(2)).asked;
  expect(asked?.userTexts.map((text) => text.trim())).toEqual(["Do it.", "And?"]);
  expect(asked?.toolResults).toEqual([expect.stringContaining("may have run in part")]);
});

test("of two calls with one id, the one that a crash left open is told as interrupted", async () => {
  const call = (command: string) => ({ tool: "shell_exec", input: { command }, id: "call_0" });
  const script = server.script(
    "restart",
    [{ calls: [call("echo first")] }, { calls: [call("sleep 2")] }, { text: "I look first." }],
    { strict: true },
  );
  const first = await runElsewhere(script, "Do it.", "", "tool.started", 2);
  const bound = first.find((event) => event.type === "session.bound");
  const second = await runElsewhere(script, "And?", bound?.token);
  expect(second.at(-1)).toEqual({ type: "result", text: "I look first." });
  expect((await script.arrival(3)).asked?.toolResults).toEqual([
    expect.stringContaining("first"),
    expect.stringContaining("may have run in part"),
  ]);
});
