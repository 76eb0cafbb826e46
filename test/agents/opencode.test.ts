// The real OpenCode against a scripted model: every way in which a run can go.
import { CodedError } from "../../tools/coded-error.ts";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HarnessEvent } from "../../harnesses/events.ts";
import type { HarnessContext, PermissionQuestion } from "../../harnesses/harness.ts";
import { InputQueue } from "../../harnesses/input-queue.ts";
import { TOOLS } from "../../harnesses/opencode/tool-names.ts";
import { opencode } from "../../harnesses/opencode.ts";
import type { ModelDialect } from "../../harnesses/providers.ts";
import { accessTo, eventsOf as of, TestBox } from "../harnesses/harness-context.ts";
import type { RunWishes } from "../harnesses/harness-context.ts";
import { ScriptedModel } from "../scripted-model/scripted-model.ts";
import type { PlayedScript, ScriptStep } from "../scripted-model/scripted-model.ts";
import { fixTheTest, followAPlan, runForever, speakSlowly } from "../scripted-model/stories.ts";

const CHAT = "ollama/scripted-model";
const AGENTS = process.env["HARNESSD_AGENTS_DIR"] ?? "";
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

let model: ScriptedModel;
let box: TestBox;
let cwd = "";
let scripts = 0;

beforeAll(async () => {
  model = await ScriptedModel.start();
  box = await TestBox.make();
});

afterAll(async () => {
  await box.close();
  await model.close();
});

interface Told {
  readonly events: readonly HarnessEvent[];
  readonly script: PlayedScript;
  readonly error: CodedError | undefined;
  readonly token: string;
}

interface Wishes extends RunWishes {
  readonly onEvent?: (event: HarnessEvent, script: PlayedScript) => unknown;
  readonly baseUrl?: string;
  readonly apiKey?: string;
  readonly dialect?: ModelDialect;
}

/** Runs a script through OpenCode in a fresh directory (or the one given), to its end, all on one warm server. */
async function tell(
  steps: readonly ScriptStep[],
  { onEvent, baseUrl, apiKey = "test-key", dialect = "openai-chat", ...wishes }: Wishes = {},
): Promise<Told> {
  const script = model.script(`opencode-${scripts++}`, steps);
  cwd = wishes.cwd ?? freshDirectory();
  const access = accessTo(
    { anthropicBaseUrl: script.anthropicBaseUrl, openaiBaseUrl: baseUrl ?? script.openaiBaseUrl },
    dialect,
  );
  const defaults: RunWishes = {
    model: CHAT,
    agentsDir: AGENTS,
    spawn,
    modelAccess: (name) => ({ ...access(name), apiKey }),
  };
  const { events, error } = await box.run(opencode, { ...defaults, ...wishes, cwd }, (event) =>
    onEvent?.(event, script),
  );
  if (error !== undefined && !(error instanceof CodedError) && !wishes.signal?.aborted) throw error;
  return {
    events,
    script,
    error: error as CodedError | undefined,
    token: of(events, "session.bound")[0]?.token ?? "",
  };
}

/** As the daemon does it: a server that several runs share does not end with one of them. */
function spawn(
  request: Parameters<HarnessContext["spawn"]>[0],
): ReturnType<HarnessContext["spawn"]> {
  return box.processes.spawn(request);
}

function freshDirectory(): string {
  return mkdtempSync(join(box.directory, "work-"));
}

/** Everything alive that carries the run's mark. */
async function pidsOf(runId: string): Promise<string[]> {
  const marks = Object.entries(box.processes.markerOf(runId)).map(
    ([name, value]) => `${name}=${value}`,
  );
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")),
  );
  return pids.filter((_, index) =>
    marks.every((mark) => environments[index]!.split("\0").includes(mark)),
  );
}

const outputOf = (told: Told): string =>
  (of(told.events, "tool.finished")[0]!.output as { output: string }).output;
const resultOf = (told: Told): string | undefined => of(told.events, "result").at(-1)?.text;
const shell = (command: string): ScriptStep => ({ calls: [{ intent: "shell", command }] });

test("a simple answer streams, is a fact, costs one turn, and is the result", async () => {
  const told = await tell([{ reasoning: "Think first.", text: "Hello there — wörld." }]);
  expect(told.error).toBeUndefined();
  expect(
    of(told.events, "message.delta")
      .map((event) => event.text)
      .join(""),
  ).toBe("Hello there — wörld.");
  expect(of(told.events, "reasoning")).toMatchObject([{ text: "Think first." }]);
  expect(of(told.events, "message")).toMatchObject([{ text: "Hello there — wörld." }]);
  expect(of(told.events, "usage")).toMatchObject([
    { scope: "call", inputTokens: 1200, cachedInputTokens: 800, outputTokens: 64, costUsd: null },
  ]);
  expect(of(told.events, "turn")).toHaveLength(1);
  expect(of(told.events, "unmapped")).toEqual([]);
  expect(resultOf(told)).toBe("Hello there — wörld.");
  expect(told.script.requests).toHaveLength(1);
  expect(told.script.requests[0]?.headers.authorization).toBe("Bearer test-key");
});

test.each(["openai-chat", "anthropic-messages", "openai-responses"] as const)(
  "the failing test is read, fixed and run again over %s",
  async (dialect) => {
    const story = fixTheTest();
    const directory = freshDirectory();
    for (const [name, content] of Object.entries(story.files))
      writeFileSync(join(directory, name), content);
    const names = {
      "openai-chat": CHAT,
      "anthropic-messages": "anthropic/claude-sonnet-5-5",
      "openai-responses": "openai/gpt-5.5",
    };
    const told = await tell(story.steps, {
      cwd: directory,
      prompt: story.prompt,
      dialect,
      model: names[dialect],
    });
    expect(told.error).toBeUndefined();
    expect(told.script.problems).toEqual([]);
    for (const [name, content] of Object.entries(story.filesAfter))
      expect(readFileSync(join(directory, name), "utf8")).toBe(content);
    expect(resultOf(told)).toBe(story.answer);
    const kinds = of(told.events, "tool.started").map((event) => event.kind);
    expect(kinds).toEqual(["execute", "read", "write", "execute"]);
    expect(of(told.events, "tool.finished").map((event) => [event.ok, event.exitCode])).toEqual([
      [false, 1],
      [true, undefined],
      [true, undefined],
      [true, 0],
    ]);
    expect(of(told.events, "turn")).toHaveLength(5);
    expect(of(told.events, "unmapped")).toEqual([]);
  },
);

test("the cost is what OpenCode reports, where it knows a price", async () => {
  const told = await tell([{ text: "Dear." }], {
    dialect: "openai-responses",
    model: "openai/gpt-5.5",
  });
  expect(of(told.events, "usage")[0]).toMatchObject({
    costUsd: expect.any(Number),
    costBasis: "reported",
  });
});

test("output is seen while the command runs, and once", async () => {
  const told = await tell(speakSlowly(300).steps);
  const pieces = of(told.events, "tool.output").map((event) => event.text);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join("")).toBe("tick 1\ntick 2\ntick 3\n");
});

test("a plan is told as it is made and ticked off", async () => {
  const told = await tell(followAPlan().steps);
  expect(
    of(told.events, "plan.updated").map((event) => event.steps.map((step) => step.status)),
  ).toEqual([
    ["in_progress", "pending"],
    ["completed", "completed"],
  ]);
});

test("the model's shell has the run's environment and mark, and neither the key nor what is the server's alone", async () => {
  const told = await tell([shell("env"), { text: "Seen." }], {
    apiKey: "sk-secret-key",
    env: { COLOUR: "green" },
    runId: "run_env",
  });
  const lines = outputOf(told).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "COLOUR=green",
      `HOME=${box.directory}`,
      "TMPDIR=/tmp",
      "XDG_DATA_HOME=",
    ]),
  );
  expect(lines).toEqual(
    expect.arrayContaining(
      Object.entries(box.processes.markerOf("run_env")).map(([name, value]) => `${name}=${value}`),
    ),
  );
  expect(lines).toContain("OPENCODE_SERVER_PASSWORD=");
  expect(JSON.stringify(told.events)).not.toContain("sk-secret-key");
});

test("a command's background children carry the run's mark, so that a sweep finds them", async () => {
  const told = await tell([shell("sleep 300 > /dev/null 2>&1 & echo $!"), { text: "Started." }], {
    runId: "run_background",
  });
  expect(resultOf(told)).toBe("Started.");
  expect((await pidsOf("run_background")).length).toBeGreaterThan(0);
  await box.processes.stopOwner("run_background");
  expect(await pidsOf("run_background")).toEqual([]);
});

test("cancelling in the middle of a command ends its children at once, and the session can go on", async () => {
  const controller = new AbortController();
  const directory = freshDirectory();
  let cancelledAt = 0;
  const cancelled = await tell(runForever("pid").steps, {
    cwd: directory,
    runId: "run_cancelled",
    signal: controller.signal,
    onEvent: async (event) => {
      if (event.type !== "tool.started") return;
      await expect
        .poll(() => pidsOf("run_cancelled").then((pids) => pids.length), { timeout: 10_000 })
        .toBeGreaterThan(1);
      cancelledAt = Date.now();
      controller.abort(new Error("enough"));
    },
  });
  expect(String(cancelled.error)).toContain("enough");
  expect(Date.now() - cancelledAt).toBeLessThan(2000);
  await expect.poll(() => pidsOf("run_cancelled"), { timeout: 2000 }).toEqual([]);
  const again = await tell([{ text: "I go on." }], {
    cwd: directory,
    session: { token: cancelled.token },
  });
  expect(again.token).toBe(cancelled.token);
  expect(resultOf(again)).toBe("I go on.");
  expect(again.script.asked[0]!.asked!.userTexts[0]).toBe("Do it.");
});

test("a stalled stream can be cancelled", async () => {
  const controller = new AbortController();
  const told = await tell([{ text: "I begin and then nothing", fault: { stallAfterChunks: 1 } }], {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === "message.delta") controller.abort(new Error("enough"));
    },
  });
  expect(String(told.error)).toContain("enough");
  await expect.poll(() => told.script.requests[0]?.state).toBe("aborted");
});

test("a session is resumed with what was said, and forked without changing the first", async () => {
  const directory = freshDirectory();
  const first = await tell([{ text: "One." }], { cwd: directory, prompt: "First." });
  const second = await tell([{ text: "Two." }], {
    cwd: directory,
    prompt: "Second.",
    session: { token: first.token },
  });
  expect(second.script.asked[0]!.asked!.userTexts).toEqual(["First.", "Second."]);
  const forked = await tell([{ text: "Three." }], {
    cwd: directory,
    prompt: "Third.",
    session: { token: first.token, fork: true },
  });
  expect(forked.token).not.toBe(first.token);
  expect(forked.script.asked[0]!.asked!.userTexts).toEqual(["First.", "Second.", "Third."]);
  const missing = await tell([], { session: { token: "ses_missing" } });
  expect(missing.error).toMatchObject({ code: "session_not_found" });
});

test("input given while the model works is answered in the same run", async () => {
  const steering = new InputQueue();
  const told = await tell(
    [
      shell("sleep 1"),
      (request) => ({ text: `I heard: ${request.userTexts.at(-1)}` }),
      { text: "Later." },
    ],
    {
      steering,
      onEvent: (event) => {
        if (event.type === "tool.started") steering.push([{ type: "text", text: "Be quick." }]);
      },
    },
  );
  expect(told.error).toBeUndefined();
  expect(JSON.stringify(told.script.asked.map((request) => request.asked!.userTexts))).toContain(
    "Be quick.",
  );
  expect(steering.push([{ type: "text", text: "too late" }])).toBe(false);
});

test("a tool that must be asked for runs when allowed, and not when denied", async () => {
  const questions: PermissionQuestion[] = [];
  const told = await tell(
    [shell("echo yes > yes.txt"), shell("echo no > no.txt"), { text: "Done." }],
    {
      mustAsk: true,
      askPermission: (question) => {
        questions.push(question);
        const isAllowed = JSON.stringify(question.input).includes("yes");
        return Promise.resolve(
          isAllowed ? { decision: "allow" } : { decision: "deny", reason: "not that one" },
        );
      },
    },
  );
  expect(questions).toMatchObject([
    { name: "bash", input: { command: "echo yes > yes.txt" } },
    { name: "bash" },
  ]);
  expect(questions[0]!.toolCallId).toBe(of(told.events, "tool.started")[0]!.toolCallId);
  expect(readFileSync(join(cwd, "yes.txt"), "utf8")).toBe("yes\n");
  expect(await readdir(cwd)).not.toContain("no.txt");
  expect(of(told.events, "tool.finished").map((event) => event.ok)).toEqual([true, false]);
  expect(JSON.stringify(of(told.events, "tool.finished")[1])).toContain("not that one");
  expect(resultOf(told)).toBe("Done.");
  expect(told.script.asked[0]!.asked!.tools.map((tool) => tool.name)).not.toContain("task");
});

test("only the tools wished for are offered", async () => {
  const offered = async (wishes: Wishes): Promise<string[]> =>
    (await tell([{ text: "." }], wishes)).script.asked[0]!.asked!.tools.map((tool) => tool.name);
  expect(await offered({ allowedTools: ["read", "bash"] })).toEqual(["bash", "read"]);
  expect(await offered({ deniedTools: ["bash", "write"] })).toEqual(
    expect.not.arrayContaining(["bash", "write"]),
  );
  // Each model is offered its own way of editing; websearch is only there with a key for a search engine.
  const all = [
    ...(await offered({})),
    ...(await offered({ dialect: "openai-responses", model: "openai/gpt-5.5" })),
  ];
  expect([...new Set(all)].toSorted()).toEqual(TOOLS.filter((name) => name !== "websearch"));
});

const mcpProgram = `
import { createInterface } from "node:readline";
const send = (answer) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...answer }) + "\\n");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "probe", version: "1" } } });
  else if (method === "tools/list") send({ id, result: { tools: ["echo", "hush"].map((name) => ({ name, description: name, inputSchema: { type: "object", properties: { text: { type: "string" } } } })) } });
  else if (method === "tools/call") send({ id, result: { content: [{ type: "text", text: params.name + ": " + params.arguments.text } ] } });
  else if (id !== undefined) send({ id, result: {} });
}`;

test("an MCP server of the run is offered to it alone, and its process ends with it", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "probe.mjs"), mcpProgram);
  const server = {
    type: "stdio",
    name: "probe",
    command: process.execPath,
    args: [join(directory, "probe.mjs")],
    env: {},
  } as const;
  const call: ScriptStep = {
    calls: [{ intent: "mcp", server: "probe", tool: "echo", input: { text: "hé" } }],
  };
  const told = await tell([call, { text: "Echoed." }], {
    cwd: directory,
    mcpServers: [server],
    runId: "run_mcp",
  });
  expect(of(told.events, "tool.finished")).toMatchObject([
    { name: "probe_echo", ok: true, output: { output: "echo: hé" } },
  ]);
  await expect.poll(() => pidsOf("run_mcp")).toEqual([]);
  const selected = await tell([{ text: "." }], {
    cwd: directory,
    mcpServers: [server],
    allowedTools: ["read", "probe_hush"],
  });
  expect(selected.script.asked[0]!.asked!.tools.map((tool) => tool.name)).toEqual([
    "probe_hush",
    "read",
  ]);
  const without = await tell([{ text: "." }], { cwd: directory });
  expect(without.script.asked[0]!.asked!.tools.map((tool) => tool.name)).not.toContain(
    "probe_echo",
  );
  const broken = await tell([{ text: "Fine." }], {
    mcpServers: [{ ...server, name: "broken", args: ["/nothing.mjs"] }],
  });
  expect(of(broken.events, "notice")).toMatchObject([{ code: "mcp_server_failed" }]);
  expect(resultOf(broken)).toBe("Fine.");
});

test("an answer under a schema is the result's JSON", async () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" } },
    required: ["name"],
    additionalProperties: false,
  };
  const told = await tell([{ calls: [{ intent: "answer", json: { name: "Ada" } }] }], { schema });
  expect(of(told.events, "result")).toMatchObject([{ json: { name: "Ada" } }]);
  expect(of(told.events, "tool.started")).toEqual([]);
});

test("images and files reach the model", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "note.txt"), "what the note says");
  const told = await tell([{ text: "Seen." }], {
    cwd: directory,
    prompt: [
      { type: "text", text: "Look." },
      { type: "image", mediaType: "image/png", data: PIXEL },
      { type: "file", path: "note.txt" },
    ],
  });
  const sent = JSON.stringify(told.script.asked[0]!.body);
  expect(sent).toContain(PIXEL);
  expect(sent).toContain("what the note says");
  expect((await tell([], { prompt: [{ type: "file", path: "missing.txt" }] })).error).toMatchObject(
    { code: "file_not_found" },
  );
});

test("the system prompt and the project's instructions are added, and effort is passed on", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "AGENTS.md"), "Speak like a pirate.");
  const told = await tell([{ text: "Arr." }], {
    cwd: directory,
    systemPrompt: "Answer in one word.",
    effort: "high",
  });
  expect(told.script.asked[0]!.asked!.system).toMatch(
    /Speak like a pirate[^]*Answer in one word\./,
  );
  expect(JSON.stringify(told.script.asked[0]!.body)).toContain('"high"');
});

test.each([
  ["401", { status: 401 }, "unauthorized"],
  ["400", { status: 400 }, "invalid_request"],
  ["endless 429", { status: 429 }, "rate_limited"],
  ["endless 500", { status: 500 }, "server_error"],
  ["a reset connection", { refuse: true }, "connection_failed"],
] as const)("%s fails the run with its own code", async (_, fault, code) => {
  const told = await tell([{ fault, times: 99 }], { options: { maxRetries: 1 } });
  expect(told.error).toMatchObject({ code });
  expect(of(told.events, "result")).toEqual([]);
});

test("429 once is a notice, and then the answer", async () => {
  const told = await tell([{ fault: { status: 429, retryAfterS: 0 } }, { text: "At last." }]);
  expect(of(told.events, "notice")).toMatchObject([{ code: "retry" }]);
  expect(resultOf(told)).toBe("At last.");
});

test.each([
  ["cut", { cutAfterChunks: 3 }],
  ["malformed", { malformedAfterChunks: 2 }],
] as const)(
  "text of a stream that was %s is taken back before it comes again",
  async (_, fault) => {
    const told = await tell([
      { text: "The answer that is broken off in the middle.", chunkDelayMs: 300, fault },
      { text: "The whole answer." },
    ]);
    expect(told.error).toBeUndefined();
    expect(of(told.events, "message.retracted")).toHaveLength(1);
    expect(of(told.events, "message")).toMatchObject([{ text: "The whole answer." }]);
  },
);

test("an answer that is cut off at its limit is no completion", async () => {
  expect((await tell([{ text: "And then", stop: "max_tokens" }])).error).toMatchObject({
    code: "max_tokens",
  });
});

test("a refused connection ends in time", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const told = await tell([], {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    options: { maxRetries: 1 },
  });
  expect(told.error).toMatchObject({ code: "connection_failed" });
});

test("runs at the same time keep apart: their models, keys, directories and events", async () => {
  const runs = await Promise.all(
    ["a", "b", "c", "d"].map((name) => {
      const directory = freshDirectory();
      return tell([shell(`echo ${name} > name.txt`), { text: `I am ${name}.` }], {
        cwd: directory,
        apiKey: `key-${name}`,
      }).then((told) => ({ name, directory, told }));
    }),
  );
  for (const { name, directory, told } of runs) {
    expect(resultOf(told)).toBe(`I am ${name}.`);
    expect(readFileSync(join(directory, "name.txt"), "utf8")).toBe(`${name}\n`);
    expect(told.script.requests.map((request) => request.headers.authorization)).toEqual([
      `Bearer key-${name}`,
      `Bearer key-${name}`,
    ]);
  }
});

test("a missing program is an error that names the command to run", async () => {
  const other = await TestBox.make();
  const { error } = await other.run(opencode, {
    model: CHAT,
    modelAccess: accessTo({ anthropicBaseUrl: "", openaiBaseUrl: "" }, "openai-chat"),
  });
  await other.close();
  expect(error).toMatchObject({
    code: "program_not_installed",
    message: expect.stringContaining("harnessd agents install opencode"),
  });
});

test("closing leaves no process and no file but the conversations", async () => {
  await box.warm.closeAll();
  expect(await pidsOf("opencode")).toEqual([]);
  expect(await readdir(join(box.stateDir, "servers"))).toEqual([]);
});
