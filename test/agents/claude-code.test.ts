// The real Claude Code against a scripted model: every way in which a run can go.
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { claudeCode } from "../../harnesses/claude-code.ts";
import type { HarnessEvent } from "../../harnesses/events.ts";
import type { McpServer } from "../../harnesses/harness.ts";
import { InputQueue } from "../../harnesses/input-queue.ts";
import {
  accessTo,
  eventsOf,
  TestBox,
  type RunWishes,
  type SeenRun,
} from "../harnesses/harness-context.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
  type Step,
} from "../scripted-model/scripted-model.ts";
import { fixTheTest, followAPlan, runForever } from "../scripted-model/stories.ts";

const AGENTS_DIR = process.env["HARNESSD_AGENTS_DIR"] ?? "";
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SCHEMA = {
  type: "object",
  properties: { sum: { type: "number" } },
  required: ["sum"],
  additionalProperties: false,
};

let model: ScriptedModel;
let box: TestBox;
let scripts = 0;

beforeAll(async () => {
  model = await ScriptedModel.start();
});

afterAll(() => model.close());

beforeEach(async () => {
  box = await TestBox.make();
});

afterEach(() => box.close());

interface Told extends SeenRun {
  readonly script: PlayedScript;
  readonly token: string | undefined;
  readonly text: string | undefined;
}

type Wishes = RunWishes & {
  readonly onEvent?: (event: HarnessEvent) => unknown;
  readonly script?: PlayedScript;
};

/** Plays the steps to Claude Code and waits for the run's end. */
async function tell(
  steps: readonly ScriptStep[],
  { onEvent, script: given, ...wishes }: Wishes = {},
): Promise<Told> {
  const script = given ?? model.script(`claude-${scripts++}`, steps);
  if (given) given.add(...steps);
  const own: RunWishes = {
    agentsDir: AGENTS_DIR,
    modelAccess: accessTo(script, "anthropic-messages"),
    // As the daemon does it: the program does not end with the run's signal.
    spawn: (request) => box.processes.spawn(request),
    options: { maxRetries: 1 },
    ...wishes,
  };
  const seen = await box.run(claudeCode, own, onEvent);
  const text = eventsOf(seen.events, "result").at(-1)?.text;
  return { ...seen, script, token: eventsOf(seen.events, "session.bound").at(-1)?.token, text };
}

const sumOf = (
  events: readonly HarnessEvent[],
  field: "inputTokens" | "outputTokens" | "costUsd",
): number => eventsOf(events, "usage").reduce((total, usage) => total + (usage[field] ?? 0), 0);

const shell = (command: string): Step => ({ calls: [{ intent: "shell", command }] });

test("a simple answer is streamed, told whole, counted once and bound to a session", async () => {
  const { events, error, text, script } = await tell([
    { reasoning: "Think first.", text: "Hello from the scripted model." },
  ]);
  expect(error).toBeUndefined();
  expect(text).toBe("Hello from the scripted model.");
  const [message] = eventsOf(events, "message");
  const streamed = eventsOf(events, "message.delta").filter(
    ({ messageId }) => messageId === message?.messageId,
  );
  expect(streamed.map((delta) => delta.text).join("")).toBe(message?.text);
  expect(eventsOf(events, "reasoning").map((each) => each.text)).toEqual(["Think first."]);
  expect({ input: sumOf(events, "inputTokens"), output: sumOf(events, "outputTokens") }).toEqual({
    input: 1200,
    output: 64,
  });
  expect(sumOf(events, "costUsd")).toBeGreaterThan(0);
  expect(eventsOf(events, "turn")).toHaveLength(1);
  expect(eventsOf(events, "unmapped")).toEqual([]);
  expect(script.asked).toHaveLength(1);
});

test("the test is read, mended and run: tools start with their input and end with their output", async () => {
  const story = fixTheTest();
  for (const [path, content] of Object.entries(story.files))
    await writeFile(join(box.cwd, path), content);
  const { events, error, text } = await tell(story.steps, { prompt: story.prompt });
  expect(error).toBeUndefined();
  expect(text).toBe(story.answer);
  for (const [path, content] of Object.entries(story.filesAfter))
    expect(readFileSync(join(box.cwd, path), "utf8")).toBe(content);
  expect(eventsOf(events, "tool.started").map(({ name, kind }) => [name, kind])).toEqual([
    ["Bash", "execute"],
    ["Read", "read"],
    ["Edit", "write"],
    ["Bash", "execute"],
  ]);
  expect(eventsOf(events, "tool.finished").map(({ ok, exitCode }) => [ok, exitCode])).toEqual([
    [false, 1],
    [true, undefined],
    [true, undefined],
    [true, 0],
  ]);
  expect(eventsOf(events, "tool.input").length).toBeGreaterThan(0);
  expect(eventsOf(events, "unmapped")).toEqual([]);
});

test("a failing command is a finished tool with its exit code, and the run goes on", async () => {
  const { events, text } = await tell([
    shell("echo out; echo err >&2; exit 3"),
    { text: "It failed with 3." },
  ]);
  expect(eventsOf(events, "tool.finished")).toMatchObject([
    { ok: false, exitCode: 3, output: expect.stringContaining("out\nerr") },
  ]);
  expect(text).toBe("It failed with 3.");
});

test("a key that is refused fails the run as unauthorized, after notices of the retries", async () => {
  const { events, error } = await tell([{ fault: { status: 401 }, times: 9 }]);
  expect(error).toMatchObject({ code: "unauthorized", data: { status: 401 } });
  expect(eventsOf(events, "notice")).toMatchObject([
    { code: "retry", data: { attempt: 1, maxAttempts: 1, status: 401 } },
  ]);
  expect(eventsOf(events, "message")).toEqual([]);
  expect(eventsOf(events, "result")).toEqual([]);
});

test("a rate limit that passes is a notice, and the run completes", async () => {
  const { events, error, text } = await tell([{ fault: { status: 429 } }, { text: "Through." }]);
  expect(error).toBeUndefined();
  expect(text).toBe("Through.");
  expect(eventsOf(events, "notice")).toMatchObject([{ code: "retry", data: { status: 429 } }]);
});

test.each([
  [429, "rate_limited"],
  [500, "server_error"],
  [529, "overloaded"],
  [400, "invalid_request"],
])("a server that goes on answering %i fails the run as %s", async (status, code) => {
  const { error } = await tell([{ fault: { status }, times: 20 }]);
  expect(error).toMatchObject({ code, data: { status } });
});

test("a refused connection fails the run", async () => {
  const { error } = await tell([], {
    modelAccess: () => ({
      provider: "anthropic",
      dialect: "anthropic-messages",
      model: "m",
      baseUrl: "http://127.0.0.1:9",
      apiKey: "k",
    }),
  });
  expect(error).toMatchObject({ code: "connection_failed" });
});

test.each([
  ["cut", { cutAfterChunks: 2 }],
  ["malformed", { malformedAfterChunks: 2 }],
  ["ended by an error event", { sseError: "overloaded_error" }],
])("a stream that is %s is retracted and asked for again", async (_, fault) => {
  const { events, error, text } = await tell([
    { text: "This text is long enough to be cut.", fault },
    { text: "The whole answer." },
  ]);
  expect(error).toBeUndefined();
  expect(text).toBe("The whole answer.");
  const retracted = new Set(
    eventsOf(events, "message.retracted").map(({ messageId }) => messageId),
  );
  const told = new Set(eventsOf(events, "message").map(({ messageId }) => messageId));
  for (const { messageId } of eventsOf(events, "message.delta"))
    expect(retracted.has(messageId) || told.has(messageId)).toBe(true);
  expect(eventsOf(events, "message").map((message) => message.text)).toEqual(["The whole answer."]);
});

test("an answer under a schema is JSON, mended by the model when the first was wrong, also with a list of allowed tools", async () => {
  const steps: ScriptStep[] = [
    { calls: [{ intent: "answer", json: { sum: "five" } }] },
    { calls: [{ intent: "answer", json: { sum: 5 } }] },
  ];
  const { events, error, script } = await tell(steps, { schema: SCHEMA, allowedTools: ["Read"] });
  expect(error).toBeUndefined();
  expect(eventsOf(events, "result")).toMatchObject([{ json: { sum: 5 } }]);
  expect(script.asked[0]?.asked?.tools.map(({ name }) => name).sort()).toEqual([
    "Read",
    "StructuredOutput",
  ]);
});

test("a session goes on in the same process, and in a new one, and each run counts only what it used", async () => {
  const first = await tell([{ text: "One." }]);
  const second = await tell([{ text: "Two." }], {
    script: first.script,
    session: { token: first.token },
  });
  await box.warm.closeAll();
  const third = await tell([{ text: "Three." }], {
    script: first.script,
    session: { token: first.token },
  });
  expect([first, second, third].map(({ text }) => text)).toEqual(["One.", "Two.", "Three."]);
  expect(new Set([first, second, third].map(({ token }) => token)).size).toBe(1);
  expect(first.script.asked.map(({ asked }) => asked?.userTexts.length)).toEqual(
    [1, 2, 3].map((count) => count + (first.script.asked[0]?.asked?.userTexts.length ?? 1) - 1),
  );
  const costs = [first, second, third].map(({ events }) => sumOf(events, "costUsd"));
  expect(costs[1]).toBeCloseTo(costs[0] ?? 0, 8);
  expect(costs[2]).toBeCloseTo(costs[0] ?? 0, 8);
});

test("a fork has a session of its own and leaves the earlier one as it was", async () => {
  const first = await tell([{ text: "One." }]);
  const fork = await tell([{ text: "Fork." }], {
    script: first.script,
    session: { id: "session_2", token: first.token, fork: true },
  });
  const again = await tell([{ text: "Again." }], {
    script: first.script,
    session: { token: first.token },
  });
  expect(fork.token).not.toBe(first.token);
  expect(again.token).toBe(first.token);
  const seen = JSON.stringify(first.script.asked.at(-1)?.body);
  expect(seen).toContain("One.");
  expect(seen).not.toContain("Fork.");
});

test("a session that is not there cannot be resumed, by name", async () => {
  const { error } = await tell([], { session: { token: crypto.randomUUID() } });
  expect(error).toMatchObject({ code: "session_not_found" });
});

test("a system prompt is appended, a changed one reaches a resumed session, and neither stands in the arguments", async () => {
  const first = await tell([{ text: "One." }], { systemPrompt: "MARK-ONE" });
  const second = await tell([{ text: "Two." }], {
    script: first.script,
    session: { token: first.token },
    systemPrompt: "MARK-TWO",
  });
  const systems = first.script.asked.map(({ asked }) => asked?.system ?? "");
  expect(second.text).toBe("Two.");
  expect(systems[0]).toContain("MARK-ONE");
  expect(systems[1]).toContain("MARK-TWO");
  expect(systems[1]).not.toContain("MARK-ONE");
});

test("effort reaches the model's request", async () => {
  const { script } = await tell([{ text: "Ok." }], {
    effort: "high",
    model: "anthropic/claude-opus-5-5",
  });
  expect(script.asked[0]?.body).toMatchObject({
    model: "claude-opus-5-5",
    output_config: { effort: "high" },
  });
});

test("a cancel in the middle of a command ends its children within two seconds, and the session goes on", async () => {
  const marker = join(box.cwd, "running");
  const story = runForever(marker);
  const controller = new AbortController();
  let cancelledAt = 0;
  const cancel = async (event: HarnessEvent): Promise<void> => {
    if (event.type !== "tool.started") return;
    await fileExists(marker);
    cancelledAt = Date.now();
    controller.abort();
  };
  const first = await tell(story.steps, {
    prompt: story.prompt,
    signal: controller.signal,
    onEvent: cancel,
  });
  expect(Date.now() - cancelledAt).toBeLessThan(2000);
  expect(first.error).toBeUndefined();
  expect(eventsOf(first.events, "tool.finished")).toMatchObject([{ name: "Bash", ok: false }]);
  expect(await isAlive(Number(readFileSync(marker, "utf8")))).toBe(false);
  const second = await tell([{ text: "Going on." }], { session: { token: first.token } });
  expect(second).toMatchObject({ error: undefined, text: "Going on." });
});

test("a cancel before the first answer ends the run, and input that was still queued is not worked on", async () => {
  const controller = new AbortController();
  const steering = new InputQueue();
  const script = model.script(`claude-${scripts++}`, [
    { text: "Never told.", fault: { stallAfterChunks: 1 } },
    { text: "Too late." },
  ]);
  const running = tell([], { script, signal: controller.signal, steering });
  await script.arrival(1);
  steering.push([{ type: "text", text: "And this." }]);
  controller.abort();
  const first = await running;
  expect(first.error).toBeUndefined();
  expect(steering.push([{ type: "text", text: "No more." }])).toBe(false);
  const second = await tell([], { script, session: { token: first.token } });
  expect(second.text).toBe("Too late.");
  expect(script.asked).toHaveLength(2);
});

test("every tool is asked for first, the harmless too; what the host denies does not run, what it rewrites runs so", async () => {
  await writeFile(join(box.cwd, "secret.txt"), "SECRET");
  const steps: ScriptStep[] = [
    { calls: [{ intent: "read", path: join(box.cwd, "secret.txt") }] },
    shell("ls"),
    shell("echo original"),
    { calls: [{ intent: "write", path: join(box.cwd, "made.txt"), content: "x" }] },
    { text: "Done." },
  ];
  const asked: string[] = [];
  const { events, text, script } = await tell(steps, {
    mustAsk: true,
    askPermission: ({ name, input }) => {
      asked.push(name);
      if (name === "Read" || name === "Write")
        return Promise.resolve({ decision: "deny", reason: "the host said no" });
      const { command } = input as { command: string };
      return Promise.resolve(
        command === "ls"
          ? { decision: "allow" }
          : { decision: "allow", input: { command: "echo rewritten" } },
      );
    },
  });
  expect(asked).toEqual(["Read", "Bash", "Bash", "Write"]);
  expect(eventsOf(events, "tool.finished").map(({ ok }) => ok)).toEqual([false, true, true, false]);
  expect(eventsOf(events, "tool.finished")[0]?.output).toContain("the host said no");
  expect(eventsOf(events, "tool.finished")[2]?.output).toBe("rewritten");
  expect(JSON.stringify(script.asked.map(({ body }) => body))).not.toContain("SECRET");
  expect(existsSync(join(box.cwd, "made.txt"))).toBe(false);
  expect(text).toBe("Done.");
});

test("a sub-agent's tools are asked for too", async () => {
  const task = { description: "Look", prompt: "Look around.", subagent_type: "general-purpose" };
  const steps: ScriptStep[] = [
    { calls: [{ tool: "Agent", input: task }] },
    shell("echo inside"),
    { text: "Seen." },
    { text: "Done." },
  ];
  const { events, text } = await tell(steps, { mustAsk: true });
  expect(box.questions.map(({ name }) => name)).toEqual(["Agent", "Bash"]);
  expect(eventsOf(events, "tool.finished").map(({ name, ok }) => [name, ok])).toEqual([
    ["Bash", true],
    ["Agent", true],
  ]);
  expect(eventsOf(events, "message").map((message) => message.text)).toEqual(["Done."]);
  expect({ input: sumOf(events, "inputTokens"), output: sumOf(events, "outputTokens") }).toEqual({
    input: 4800,
    output: 256,
  });
  expect(text).toBe("Done.");
});

test("a cancel while the host is being asked ends the run", async () => {
  const controller = new AbortController();
  const { error, events } = await tell([shell("echo x"), { text: "Never." }], {
    mustAsk: true,
    signal: controller.signal,
    askPermission: () => {
      controller.abort();
      return new Promise((_, reject) => setTimeout(() => reject(new Error("cancelled")), 50));
    },
  });
  expect(error).toBeUndefined();
  expect(eventsOf(events, "tool.finished")).toMatchObject([{ ok: false }]);
});

test("an MCP server of the run offers its tools, is asked for like others, and its secret is in no argument", async () => {
  let seen = "";
  const { events, text, error } = await tell(
    [
      { calls: [{ intent: "mcp", server: "probe", tool: "echo", input: { text: "ping" } }] },
      { text: "Pong." },
    ],
    {
      mcpServers: [probe({ PROBE_SECRET: "s3cret" })],
      mustAsk: true,
      onEvent: async (event) => {
        if (event.type === "tool.started") seen = await argumentsOfAll();
      },
    },
  );
  expect(error).toBeUndefined();
  expect(seen).toContain("--strict-mcp-config");
  expect(seen).not.toMatch(/s3cret|test-key/);
  expect(box.questions).toMatchObject([{ name: "mcp__probe__echo", input: { text: "ping" } }]);
  expect(eventsOf(events, "tool.finished")).toMatchObject([
    { name: "mcp__probe__echo", ok: true, output: [{ type: "text", text: "ping s3cret" }] },
  ]);
  expect(text).toBe("Pong.");
});

test("an MCP server that cannot be started is a notice", async () => {
  const broken: McpServer = {
    type: "stdio",
    name: "broken",
    command: "/nonexistent/program",
    args: [],
    env: {},
  };
  const { events, text } = await tell([{ text: "Without it." }], { mcpServers: [broken] });
  expect(text).toBe("Without it.");
  expect(eventsOf(events, "notice")).toMatchObject([
    { code: "mcp_server_failed", data: { server: "broken" } },
  ]);
});

test("a plan is told as it is made and ticked off", async () => {
  const story = followAPlan();
  const { events, text, script } = await tell(story.steps, { prompt: story.prompt });
  expect(text).toBe(story.answer);
  expect(script.problems).toEqual([]);
  expect(eventsOf(events, "plan.updated").at(-1)?.steps).toEqual([
    { text: "Write the note", status: "completed" },
    { text: "Check it", status: "completed" },
  ]);
});

test("an image and a file of the prompt reach the model", async () => {
  const prompt = [
    { type: "text" as const, text: "What is this?" },
    { type: "image" as const, mediaType: "image/png" as const, data: PIXEL },
    { type: "file" as const, path: "note.txt" },
  ];
  const { script, text } = await tell([{ text: "A pixel." }], { prompt });
  expect(text).toBe("A pixel.");
  expect(JSON.stringify(script.asked[0]?.body)).toContain(PIXEL);
  expect(script.asked[0]?.asked?.userTexts.join("\n")).toContain(join(box.cwd, "note.txt"));
});

test("the limits on turns and on cost end the run by name, and the session can go on", async () => {
  const forever: ScriptStep = { ...shell("echo again"), times: 3 };
  const byTurns = await tell([forever, { text: "On." }], { limits: { maxTurns: 2 } });
  expect(byTurns.error).toMatchObject({ code: "max_turns" });
  expect(byTurns.script.asked).toHaveLength(2);
  const byCost = await tell([forever, { text: "On." }], {
    session: { token: byTurns.token },
    limits: { maxCostUsd: 0.001 },
  });
  expect(byCost.error).toMatchObject({ code: "budget_exhausted" });
  const again = await tell([{ text: "On." }], { session: { token: byTurns.token } });
  expect(again.text).toBe("On.");
});

test("answers cut by the token limit, and refusals, are failures of their own", async () => {
  const cut = await tell([{ text: "Cut", stop: "max_tokens", times: 9 }]);
  expect(cut.error).toMatchObject({ code: "max_tokens" });
  const refused = await tell([{ text: "Cannot", stop: "refusal", times: 9 }], {
    session: { id: "session_2" },
  });
  expect(refused.error).toMatchObject({ code: "model_refused" });
});

test("input given during a command joins the run's next request", async () => {
  const steering = new InputQueue();
  const { text, script, events } = await tell(
    [shell("sleep 0.3; echo hi"), { text: "Both done." }],
    {
      steering,
      onEvent: (event) =>
        event.type === "tool.started" && steering.push([{ type: "text", text: "STEERED" }]),
    },
  );
  expect(text).toBe("Both done.");
  expect(script.asked).toHaveLength(2);
  expect(JSON.stringify(script.asked[1]?.body)).toContain("STEERED");
  expect(eventsOf(events, "result")).toHaveLength(1);
  expect(steering.push([{ type: "text", text: "more" }])).toBe(false);
});

test("input given while the last answer streams, or with its result, is answered before the run ends", async () => {
  const steering = new InputQueue();
  let late = 0;
  const { script, events, text } = await tell(
    [{ text: "First answer." }, { text: "Second answer." }, { text: "Third answer." }],
    {
      steering,
      onEvent: (event) => {
        if (event.type === "message" && late === 0)
          steering.push([{ type: "text", text: `LATE-${++late}` }]);
        else if (event.type === "result" && late === 1)
          steering.push([{ type: "text", text: `LATE-${++late}` }]);
      },
    },
  );
  expect(text).toBe("Third answer.");
  expect(eventsOf(events, "message").map((message) => message.text)).toEqual([
    "First answer.",
    "Second answer.",
    "Third answer.",
  ]);
  expect(script.asked).toHaveLength(3);
});

test("a program that dies says so, with its exit and its last words", async () => {
  const dying = await tell([shell("kill -9 $CLAUDE_PID; sleep 5")]);
  expect(dying.error).toMatchObject({
    code: "agent_exited",
    data: { exitCode: null, signal: "SIGKILL" },
  });
  expect(eventsOf(dying.events, "tool.finished")).toMatchObject([{ ok: false }]);
  expect(eventsOf(dying.events, "usage").at(-1)).toMatchObject({ costUsd: null });
  const next = await tell([{ text: "Back." }], { session: { token: dying.token } });
  expect(next.text).toBe("Back.");
});

test("only allowed tools are offered and denied ones are not, nor those that wait for somebody", async () => {
  const { script } = await tell([{ text: "Ok." }], {
    allowedTools: ["Bash", "Read", "Edit", "CronCreate"],
    deniedTools: ["Edit"],
  });
  expect(script.asked[0]?.asked?.tools.map(({ name }) => name).sort()).toEqual(["Bash", "Read"]);
});

test("a proxy for the box's commands does not stand between the program and a model on loopback", async () => {
  const { text } = await tell([shell("echo $HTTP_PROXY"), { text: "Ok." }], {
    env: { HTTP_PROXY: "http://127.0.0.1:9" },
  });
  expect(text).toBe("Ok.");
});

test("another dialect is refused before anything starts", async () => {
  const script = model.script(`claude-${scripts++}`, []);
  const { error } = await tell([], {
    modelAccess: accessTo(script, "openai-chat"),
    model: "openrouter/x",
  });
  expect(error).toMatchObject({ code: "dialect_not_served" });
  expect(box.processes.list()).toEqual([]);
});

test("a provider with the dialect gets its key as a bearer token", async () => {
  const { script, text } = await tell([{ text: "Ok." }], {
    model: "vercel/anthropic/claude-sonnet-4.5",
  });
  expect(text).toBe("Ok.");
  expect(script.asked[0]?.headers.authorization).toBe("Bearer test-key");
  expect(script.asked[0]?.asked?.model).toBe("anthropic/claude-sonnet-4.5");
});

test("an installed program is ready, and a missing one is refused with the command that installs it", async () => {
  expect(await claudeCode.check?.({ agentsDir: AGENTS_DIR })).toMatchObject({
    ready: true,
    version: "2.1.330",
  });
  expect(await claudeCode.check?.({ agentsDir: box.directory })).toMatchObject({
    ready: false,
    fix: "harnessd agents install claude-code",
  });
  const { error } = await tell([], { agentsDir: box.directory });
  expect(error).toMatchObject({ code: "program_not_installed" });
});

test("the program speaks to nobody but the model, writes only below its state directory, and leaves nothing when it is closed", async () => {
  const { script } = await tell([
    shell("sleep 777 & setsid sleep 778 & echo left"),
    { text: "Ok." },
  ]);
  expect(script.requests.every(({ path }) => path.startsWith("/v1/messages"))).toBe(true);
  expect((await readdir(box.directory)).sort()).toEqual(
    ["spill", "state", "work"].filter((name) => existsSync(join(box.directory, name))),
  );
  await box.warm.closeAll();
  expect(await readdir(join(box.stateDir, "t"))).toEqual([]);
  expect(await argumentsOfAll()).not.toMatch(/sleep\0?77[78]|claude-code/);
});

async function fileExists(path: string): Promise<void> {
  while (!existsSync(path) || readFileSync(path, "utf8") === "")
    await new Promise((resolve) => setTimeout(resolve, 10));
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && !/\) Z /.test(stat);
}

/** The arguments of every process that this box has marked as its own. */
async function argumentsOfAll(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const marker = box.processes.markerOf("session_1");
  const all = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      const isOurs = Object.entries(marker).every(([name, value]) =>
        environment.includes(`${name}=${value}`),
      );
      return isOurs ? readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") : "";
    }),
  );
  return all.join("\n");
}

/** An MCP server in one line of arguments: `echo` answers with its text and a secret of its environment. */
function probe(env: Record<string, string>): McpServer {
  const source = `
    const answers = {
      initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "probe", version: "1" } }),
      "tools/list": () => ({ tools: [{ name: "echo", inputSchema: { type: "object", properties: { text: { type: "string" } } } }] }),
      "tools/call": ({ arguments: { text } }) => ({ content: [{ type: "text", text: text + " " + process.env.PROBE_SECRET }] }),
    };
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const { id, method, params } = JSON.parse(line);
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method]?.(params) ?? {} }));
    });`;
  return { type: "stdio", name: "probe", command: process.execPath, args: ["-e", source], env };
}
