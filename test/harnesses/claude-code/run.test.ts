// Claude Code's adapter against small programs that misbehave as the real one seldom does.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  agentDirectory,
  agentProgram,
  describeMachine,
} from "../../../harnesses/agent-programs.ts";
import { claudeCode } from "../../../harnesses/claude-code.ts";
import { accessTo, eventsOf, TestBox, type RunWishes, type SeenRun } from "../harness-context.ts";

let box: TestBox;

beforeEach(async () => {
  box = await TestBox.make();
});

afterEach(() => box.close());

/** Installs a program in Claude Code's place; `onLine` sees each message, and `say` writes one. */
async function install(onLine: string, atStart = ""): Promise<string> {
  const program = agentProgram("claude-code");
  const [{ name } = { name: "" }] = program.packagesFor(await describeMachine());
  const agentsDir = join(box.directory, "agents");
  const path = join(agentDirectory(agentsDir, program), "node_modules", name, ...program.binary);
  await mkdir(dirname(path), { recursive: true });
  const source = `#!${process.execPath}
    const say = (message) => process.stdout.write(JSON.stringify(message) + "\\n");
    const init = () => say({ type: "system", subtype: "init", session_id: "s1" });
    const result = (text) => say({ type: "result", subtype: "success", is_error: false, result: text });
    ${atStart}
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const message = JSON.parse(line);
      ${onLine}
    });`;
  await writeFile(path, source, { mode: 0o755 });
  return agentsDir;
}

function run(agentsDir: string, wishes: RunWishes = {}): Promise<SeenRun> {
  const modelAccess = accessTo(
    { anthropicBaseUrl: "http://127.0.0.1:9", openaiBaseUrl: "" },
    "anthropic-messages",
  );
  return box.run(claudeCode, {
    agentsDir,
    modelAccess,
    spawn: (request) => box.processes.spawn(request),
    ...wishes,
  });
}

test("a program that does not hear the interrupt is ended within two seconds, and the next run begins anew", async () => {
  const agentsDir = await install(
    `if (message.type === "user") { init(); if (process.argv.includes("--resume")) result("again"); }`,
    `process.on("SIGTERM", () => {});`,
  );
  const controller = new AbortController();
  let abortedAt = 0;
  const modelAccess = accessTo(
    { anthropicBaseUrl: "http://127.0.0.1:9", openaiBaseUrl: "" },
    "anthropic-messages",
  );
  const wishes: RunWishes = {
    agentsDir,
    modelAccess,
    spawn: (request) => box.processes.spawn(request),
  };
  const stuck = await box.run(claudeCode, { ...wishes, signal: controller.signal }, () => {
    abortedAt = Date.now();
    controller.abort();
  });
  expect(stuck.error).toBeUndefined();
  expect(Date.now() - abortedAt).toBeLessThan(2500);
  const next = await run(agentsDir, { session: { token: "s1" } });
  expect(eventsOf(next.events, "result")).toMatchObject([{ text: "again" }]);
});

test("a program that refuses the permission hook does not run with permissions to ask for", async () => {
  const refuse = `say({ type: "control_response", response: { subtype: "error", request_id: message.request_id, error: "no hooks" } });`;
  const agentsDir = await install(`if (message.type === "control_request") ${refuse}`);
  const { error } = await run(agentsDir, { mustAsk: true });
  expect(error).toMatchObject({
    code: "permissions_unavailable",
    message: expect.stringContaining("no hooks"),
  });
});

test("noise on both of its outputs becomes notices, and a flood of it is counted", async () => {
  const agentsDir = await install(
    `init(); setTimeout(() => result("done"), 100);`,
    `console.log("not json"); for (let i = 0; i < 500; i++) console.error("warning " + i);`,
  );
  const { events, error } = await run(agentsDir);
  expect(error).toBeUndefined();
  const noise = eventsOf(events, "notice").filter(({ code }) => code === "noise");
  expect(noise.map(({ message }) => message)).toContain("not json");
  expect(noise.length).toBeLessThan(60);
  expect(noise.some(({ message }) => /and \d+ more lines/.test(message))).toBe(true);
});

test("a program that ends by itself is told with its exit code and its last words", async () => {
  const agentsDir = await install(
    `init(); console.error("Error: out of luck"); process.exitCode = 7; process.stdin.destroy();`,
  );
  const { error } = await run(agentsDir);
  expect(error).toMatchObject({
    code: "agent_exited",
    message: expect.stringContaining("out of luck"),
    data: { exitCode: 7, signal: null },
  });
});

test("a question that is none of permissions is refused, and the run goes on", async () => {
  const agentsDir = await install(`
    if (message.type === "user") { init(); say({ type: "control_request", request_id: "q", request: { subtype: "elicitation" } }); }
    if (message.type === "control_response") result(message.response.subtype + ": " + message.response.error);`);
  const { events } = await run(agentsDir);
  expect(eventsOf(events, "result")).toMatchObject([
    { text: expect.stringContaining("error: harnessd does not answer elicitation") },
  ]);
});

test("a session is served by one process from run to run", async () => {
  const agentsDir = await install(
    `if (message.type === "user") { init(); result("pid " + process.pid); }`,
  );
  const answers = [
    await run(agentsDir),
    await run(agentsDir, { session: { token: "s1" } }),
    await run(agentsDir, { session: { token: "s1" }, mustAsk: true }),
  ];
  const [first, second, other] = answers.map(({ events }) => eventsOf(events, "result")[0]?.text);
  expect(second).toBe(first);
  expect(other).not.toBe(first);
});
