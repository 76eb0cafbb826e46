// The real Codex against a scripted model: every way in which a run can go.
import { CodedError } from "../../tools/coded-error.ts";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codex } from "../../harnesses/codex.ts";
import type { HarnessEvent } from "../../harnesses/events.ts";
import type { HarnessContext, PermissionQuestion } from "../../harnesses/harness.ts";
import { InputQueue } from "../../harnesses/input-queue.ts";
import { WarmPool } from "../../harnesses/warm-pool.ts";
import { accessTo, eventsOf as of, TestBox } from "../harnesses/harness-context.ts";
import type { RunWishes } from "../harnesses/harness-context.ts";
import { ScriptedModel } from "../scripted-model/scripted-model.ts";
import type {
  ModelRequest,
  PlayedScript,
  ScriptStep,
  Step,
} from "../scripted-model/scripted-model.ts";
import { fixTheTest, followAPlan, runForever, speakSlowly } from "../scripted-model/stories.ts";

const FREEFORM = "openai/gpt-5.5";
const CODE_MODE = "openai/gpt-6-sol";
const UNKNOWN = "openai/scripted-model";
const AGENTS = process.env["HARNESSD_AGENTS_DIR"] ?? "";
const QUICK = { maxRetries: 1, streamIdleTimeoutMs: 1000 };
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
  readonly onEvent?: (event: HarnessEvent) => void;
  readonly baseUrl?: string;
  readonly apiKey?: string;
}

/** Runs a script through Codex in a fresh directory (or the one given), to its end, all on one warm server. */
async function tell(
  steps: readonly ScriptStep[],
  { onEvent, baseUrl, apiKey = "test-key", ...wishes }: Wishes = {},
): Promise<Told> {
  const script = model.script(`codex-${scripts++}`, steps);
  cwd = wishes.cwd ?? freshDirectory();
  const access = accessTo(
    { anthropicBaseUrl: "", openaiBaseUrl: baseUrl ?? script.openaiBaseUrl },
    "openai-responses",
  );
  const defaults: RunWishes = {
    model: UNKNOWN,
    agentsDir: AGENTS,
    spawn,
    modelAccess: (name) => ({ ...access(name), apiKey }),
  };
  const { events, error } = await box.run(codex, { ...defaults, ...wishes, cwd }, onEvent);
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

/** Of the first command. */
const outputOf = (told: Told): string =>
  (of(told.events, "tool.finished")[0]!.output as { output: string }).output;
const resultOf = (told: Told): string | undefined => of(told.events, "result").at(-1)?.text;
const shell = (command: string): ScriptStep => ({ calls: [{ intent: "shell", command }] });

test("a simple answer streams, is a fact, costs one turn, and is the result", async () => {
  const told = await tell([{ reasoning: "Think first.", text: "Hello there." }]);
  expect(told.error).toBeUndefined();
  expect(resultOf(told)).toBe("Hello there.");
  expect(
    of(told.events, "message.delta")
      .map((event) => event.text)
      .join(""),
  ).toBe("Hello there.");
  expect(of(told.events, "reasoning").map((event) => event.text)).toEqual(["Think first."]);
  expect(of(told.events, "turn")).toHaveLength(1);
  expect(of(told.events, "usage")).toMatchObject([
    { scope: "call", inputTokens: 1200, outputTokens: 64, cachedInputTokens: 800, costUsd: null },
  ]);
  expect(of(told.events, "unmapped")).toEqual([]);
});

test.for([FREEFORM, CODE_MODE, UNKNOWN])(
  "the failing test is read, patched, run again and answered with %s",
  async (name) => {
    const story = fixTheTest();
    const directory = freshDirectory();
    for (const [path, text] of Object.entries(story.files))
      writeFileSync(join(directory, path), text);
    const told = await tell(story.steps, {
      model: name,
      cwd: directory,
      prompt: [{ type: "text", text: story.prompt }],
    });
    expect(told.error).toBeUndefined();
    expect(told.script.problems).toEqual([]);
    expect(readFileSync(join(directory, "sum.mjs"), "utf8")).toBe(story.filesAfter["sum.mjs"]);
    expect(
      of(told.events, "tool.finished").map(({ name: tool, ok, exitCode }) => [tool, ok, exitCode]),
    ).toEqual([
      ["exec_command", false, 1],
      ["exec_command", true, 0],
      ["apply_patch", true, undefined],
      ["exec_command", true, 0],
    ]);
    expect(resultOf(told)).toBe(story.answer);
    expect(of(told.events, "turn")).toHaveLength(5);
    expect(of(told.events, "unmapped")).toEqual([]);
  },
);

test("a failing command shows its own exit code and output, and the run goes on", async () => {
  const told = await tell([shell("echo out; echo err >&2; exit 7"), { text: "It failed." }]);
  // The command has a pipe for each stream, and Codex reads both: which comes first is not told.
  const output = expect.stringMatching(/^(out\nerr|err\nout)\n$/);
  expect(of(told.events, "tool.finished")).toMatchObject([
    { ok: false, exitCode: 7, output: { output } },
  ]);
  expect(of(told.events, "tool.started")).toMatchObject([
    { kind: "execute", input: { command: "echo out; echo err >&2; exit 7" } },
  ]);
  expect(resultOf(told)).toBe("It failed.");
});

test("output comes while a command runs", async () => {
  const story = speakSlowly(300);
  const times: number[] = [];
  const told = await tell(story.steps, {
    onEvent: (event) => void (event.type === "tool.output" && times.push(performance.now())),
  });
  expect(times.length).toBeGreaterThanOrEqual(2);
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(200);
  const whole = outputOf(told);
  expect(whole).toBe("tick 1\ntick 2\ntick 3\n");
  for (const { text } of of(told.events, "tool.output")) expect(whole).toContain(text);
});

test("a flood of output arrives whole up to Codex's own cap", async () => {
  const told = await tell([shell("seq 1 100000"), { text: "Done." }]);
  const streamed = of(told.events, "tool.output")
    .map((event) => event.text)
    .join("");
  expect(outputOf(told)).toContain("99999\n100000\n");
  expect(streamed.length).toBeGreaterThan(0);
});

test.for([
  ["401", { status: 401 }, "unauthorized", 401],
  ["400", { status: 400 }, "invalid_request", 400],
  ["429 for ever", { status: 429 }, "rate_limited", 429],
  ["429 with a time to wait, for ever", { status: 429, retryAfterS: 1 }, "rate_limited", 429],
  ["500 for ever", { status: 500 }, "server_error", null],
  ["a cut stream", { cutAfterChunks: 1 }, "connection_failed", null],
  ["a stalled stream", { stallAfterChunks: 1 }, "connection_failed", null],
  ["an error in the stream", { sseError: "no room" }, "overloaded", null],
  ["reset connections", { refuse: true }, "connection_failed", null],
] as const)("%s ends the run with its own code", async ([, fault, code, status]) => {
  const told = await tell([{ text: "A long enough answer.", fault, times: 20 }], {
    options: QUICK,
  });
  expect(told.error).toMatchObject({ code, data: { status } });
  expect(of(told.events, "result")).toEqual([]);
  expect(told.script.asked.length).toBeLessThanOrEqual(4);
});

test("a refused connection fails within seconds", async () => {
  const closed = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => closed.once("listening", resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const told = await tell([], { baseUrl: `http://127.0.0.1:${port}/v1`, options: QUICK });
  expect(told.error?.code).toBe("connection_failed");
  expect(of(told.events, "notice")).toContainEqual(expect.objectContaining({ code: "retry" }));
});

test("429 once, with a time to wait, is a retry notice and then an answer", async () => {
  const told = await tell([{ fault: { status: 429, retryAfterS: 1 } }, { text: "Now." }]);
  expect(resultOf(told)).toBe("Now.");
  expect(of(told.events, "notice").map((event) => event.code)).toContain("retry");
});

test("an answer that breaks off is retracted and asked for again", async () => {
  const told = await tell([
    {
      text: "An answer that is long enough to be cut.",
      fault: { cutAfterChunks: 2 },
      chunkDelayMs: 100,
    },
    { text: "The second." },
  ]);
  expect(resultOf(told)).toBe("The second.");
  const begun = of(told.events, "message.delta")[0]?.messageId;
  expect(of(told.events, "message.retracted")).toMatchObject([{ messageId: begun }]);
});

test("a malformed frame in a stream does not end the run", async () => {
  const told = await tell([
    { text: "A long enough answer.", fault: { malformedAfterChunks: 1 } },
    { text: "The second." },
  ]);
  expect(told.error).toBeUndefined();
  expect(resultOf(told)).toBeDefined();
});

test("a strict schema is the model's to keep, and an answer that fits is given as JSON", async () => {
  const schema = {
    type: "object",
    properties: { n: { type: "number" } },
    required: ["n"],
    additionalProperties: false,
  };
  const told = await tell([{ text: '{"n": 4}' }], { schema });
  expect(of(told.events, "result")).toEqual([{ type: "result", text: '{"n": 4}', json: { n: 4 } }]);
  expect(told.script.asked[0]?.body).toMatchObject({
    text: { format: { type: "json_schema", schema } },
  });
});

test("a schema that the server would refuse is told to the model in words", async () => {
  const schema = { type: "object", properties: { n: { type: "number" } } };
  const told = await tell([{ text: '{"n": 4}' }], { schema });
  expect(of(told.events, "result")).toMatchObject([{ json: { n: 4 } }]);
  expect(told.script.asked[0]?.asked?.userTexts.join("")).toContain(JSON.stringify(schema));
  expect(told.script.asked[0]?.body).not.toMatchObject({ text: { format: expect.anything() } });
});

test("an answer that is no JSON is given as text, for the daemon to refuse", async () => {
  const told = await tell([{ text: "four" }], { schema: { type: "object" } });
  expect(of(told.events, "result")).toEqual([{ type: "result", text: "four" }]);
});

test("a later run goes on with the conversation in a new server, with its own key, environment and instructions", async () => {
  const first = await tell([{ text: "I remember." }], {
    apiKey: "key-one",
    systemPrompt: "Be brief.",
  });
  await box.warm.closeAll();
  const second = await tell([shell("echo $WHO"), { text: "Again." }], {
    session: { id: "s", token: first.token, fork: false },
    apiKey: "key-two",
    env: { PATH: process.env["PATH"]!, WHO: "second" },
    prompt: [{ type: "text", text: "And now?" }],
  });
  expect(second.error).toBeUndefined();
  expect(second.token).toBe(first.token);
  expect(first.script.asked[0]?.asked?.system).toContain("Be brief.");
  expect(second.script.asked[0]?.headers.authorization).toBe("Bearer key-two");
  expect(second.script.asked[0]?.asked?.userTexts).toEqual(
    expect.arrayContaining(["Do it.", "And now?"]),
  );
  expect(of(second.events, "tool.finished")).toMatchObject([{ output: { output: "second\n" } }]);
  expect(of(second.events, "usage")).toHaveLength(2);
});

test("the settings of the next run hold in the same server too", async () => {
  const first = await tell([{ text: "One." }], { apiKey: "key-one" });
  const second = await tell([{ text: "Two." }], {
    apiKey: "key-two",
    session: { id: "s", token: first.token, fork: false },
  });
  expect(second.script.asked[0]?.headers.authorization).toBe("Bearer key-two");
  expect(of(second.events, "usage")).toHaveLength(1);
});

test("a fork goes its own way and leaves the session as it was", async () => {
  const first = await tell([{ text: "Root." }]);
  const fork = await tell([{ text: "Branch." }], {
    session: { id: "f", token: first.token, fork: true },
    prompt: [{ type: "text", text: "branch off" }],
  });
  expect(fork.token).not.toBe(first.token);
  const again = await tell([{ text: "Trunk." }], {
    session: { id: "s", token: first.token, fork: false },
  });
  expect(again.script.asked[0]?.asked?.userTexts).not.toContain("branch off");
});

test("a session that is gone is said to be gone", async () => {
  const told = await tell([{ text: "?" }], {
    session: { id: "s", token: "01a20359-d256-7452-82cc-f72534fd2222", fork: false },
  });
  expect(told.error?.code).toBe("session_not_found");
});

test.for([FREEFORM, CODE_MODE])(
  "a cancel ends the command and its children within 2 s, and the session goes on (%s)",
  async (name) => {
    const directory = freshDirectory();
    const cancel = new AbortController();
    const runId = `run_cancel_${name}`;
    let cancelledAt = 0;
    const marker = join(directory, "children");
    const begun = Promise.withResolvers<void>();
    const watch = (async () => {
      await begun.promise;
      while (!(await readFile(marker, "utf8").catch(() => "")).trim()) await delay(20);
      cancelledAt = performance.now();
      cancel.abort(new Error("cancelled"));
    })();
    const onEvent = (event: HarnessEvent): void =>
      void (event.type === "tool.started" && begun.resolve());
    const told = await tell(runForever(marker).steps, {
      model: name,
      cwd: directory,
      signal: cancel.signal,
      runId,
      onEvent,
    });
    await watch;
    expect(performance.now() - cancelledAt).toBeLessThan(2000);
    expect(told.error?.message).toBe("cancelled");
    expect(await pidsOf(runId)).toEqual([]);
    expect(of(told.events, "tool.finished")).toMatchObject([{ ok: false }]);
    expect([null, 137]).toContain(of(told.events, "tool.finished")[0]?.exitCode);
    const next = await tell([{ text: "Back." }], {
      model: name,
      session: { id: "s", token: told.token, fork: false },
    });
    expect(resultOf(next)).toBe("Back.");
  },
);

test("a cancel in the middle of an answer closes what had been said", async () => {
  const cancel = new AbortController();
  const onEvent = (event: HarnessEvent): void =>
    void (event.type === "message.delta" && cancel.abort(new Error("cancelled")));
  const told = await tell(
    [{ text: "A long answer that stalls.", fault: { stallAfterChunks: 1 } }],
    { signal: cancel.signal, onEvent },
  );
  expect(told.error?.message).toBe("cancelled");
  const said = of(told.events, "message.delta")
    .map((event) => event.text)
    .join("");
  expect(of(told.events, "message").map((event) => event.text)).toEqual([said]);
});

test("a cancel while a permission is being asked for ends the run at once", async () => {
  const cancel = new AbortController();
  const askPermission: HarnessContext["askPermission"] = () => {
    cancel.abort(new Error("cancelled"));
    return new Promise(() => {});
  };
  const started = performance.now();
  const told = await tell([shell("touch never.txt")], {
    signal: cancel.signal,
    mustAsk: true,
    askPermission,
  });
  expect(performance.now() - started).toBeLessThan(2000);
  expect(told.error?.message).toBe("cancelled");
  expect(of(told.events, "tool.finished")).toMatchObject([{ ok: false }]);
});

test("a server that answers no more is given up in bounded time, and the next run has another", async () => {
  const own = new WarmPool({ idleMs: 60_000, maxKept: 4 });
  let pid = 0;
  const remember: HarnessContext["spawn"] = async (request) => {
    const child = await spawn(request);
    pid = child.pid;
    return child;
  };
  const cancel = new AbortController();
  const onEvent = (event: HarnessEvent): void => {
    if (event.type !== "tool.started") return;
    process.kill(pid, "SIGSTOP");
    cancel.abort(new Error("cancelled"));
  };
  const told = await tell([shell("sleep 982")], {
    warm: own,
    spawn: remember,
    signal: cancel.signal,
    onEvent,
    runId: "run_wedged",
  });
  expect(told.error?.code).toBe("agent_not_responding");
  expect(await pidsOf("run_wedged")).toEqual([]);
  const next = await tell([{ text: "Alive." }], { warm: own, session: { token: told.token } });
  expect(resultOf(next)).toBe("Alive.");
  await own.closeAll();
});

test("a run that is cancelled before its first turn leaves the shared server as it was", async () => {
  const own = new WarmPool({ idleMs: 60_000, maxKept: 4 });
  let servers = 0;
  const count: HarnessContext["spawn"] = (request) => {
    servers++;
    return spawn(request);
  };
  const told = await tell([{ text: "Never." }], {
    warm: own,
    spawn: count,
    signal: AbortSignal.abort(new Error("cancelled")),
  });
  expect(told.error?.message).toBe("cancelled");
  expect(told.script.asked).toEqual([]);
  const next = await tell([{ text: "Alive." }], { warm: own, spawn: count });
  expect(resultOf(next)).toBe("Alive.");
  expect(servers).toBe(1);
  await own.closeAll();
});

test("effort, verbosity and the wish for a summary reach the model", async () => {
  const told = await tell([{ text: "Ok." }], {
    model: FREEFORM,
    effort: "high",
    options: { verbosity: "high", reasoningSummary: "detailed" },
  });
  expect(told.script.asked[0]?.body).toMatchObject({
    reasoning: { effort: "high", summary: "detailed" },
    text: { verbosity: "high" },
  });
});

const toolsOf = ({ script }: Told): string[] =>
  script.asked[0]?.asked?.tools.map((tool) => tool.name) ?? [];

test.for([FREEFORM, CODE_MODE, UNKNOWN])(
  "every command, patch and MCP call is asked for, even ls (%s)",
  async (name) => {
    const asked: PermissionQuestion[] = [];
    const told = await tell(
      [
        shell("ls"),
        { calls: [{ intent: "write", path: "made.txt", content: "made\n" }] },
        { calls: [{ intent: "mcp", server: "probe", tool: "echo", input: { text: "hi" } }] },
        { text: "All asked." },
      ],
      {
        model: name,
        mustAsk: true,
        mcpServers: [probe()],
        askPermission: (question) => {
          asked.push(question);
          return Promise.resolve({ decision: "allow" });
        },
      },
    );
    expect(told.error).toBeUndefined();
    expect(told.script.problems).toEqual([]);
    expect(asked.map((question) => question.name)).toEqual([
      "exec_command",
      "apply_patch",
      "mcp__probe__echo",
    ]);
    expect(asked[0]?.input).toMatchObject({ command: "ls" });
    expect(toolsOf(told)).not.toContain("spawn_agent");
    const started = of(told.events, "tool.started").map((event) => event.toolCallId);
    expect(asked.map((question) => question.toolCallId)).toEqual(started);
    expect(of(told.events, "tool.finished").map((event) => event.ok)).toEqual([true, true, true]);
  },
);

test.for([FREEFORM, CODE_MODE])(
  "what is denied does not happen, and the model is told (%s)",
  async (name) => {
    const told = await tell(
      [
        shell("touch denied.txt"),
        { calls: [{ intent: "write", path: "denied.txt", content: "x\n" }] },
        { calls: [{ intent: "mcp", server: "probe", tool: "echo", input: { text: "hi" } }] },
        { text: "Nothing done." },
      ],
      {
        model: name,
        mustAsk: true,
        mcpServers: [probe()],
        askPermission: () => Promise.resolve({ decision: "deny", reason: "no" }),
      },
    );
    expect(of(told.events, "tool.finished").map((event) => event.ok)).toEqual([
      false,
      false,
      false,
    ]);
    await expect(stat(join(cwd, "denied.txt"))).rejects.toThrow("ENOENT");
    expect(resultOf(told)).toBe("Nothing done.");
  },
);

test.for([FREEFORM, CODE_MODE, UNKNOWN])(
  "an MCP server of the run is called, with the run's environment and mark (%s)",
  async (name) => {
    const told = await tell(
      [
        { calls: [{ intent: "mcp", server: "probe", tool: "echo", input: { text: "hi" } }] },
        { text: "Echoed." },
      ],
      {
        model: name,
        mcpServers: [probe({ PROBE_SECRET: "s3cret" })],
        runId: "run_mcp",
      },
    );
    expect(told.script.problems).toEqual([]);
    expect(of(told.events, "tool.started")).toMatchObject([
      { name: "mcp__probe__echo", input: { text: "hi" } },
    ]);
    expect(JSON.stringify(of(told.events, "tool.finished")[0]?.output)).toContain(
      "hi s3cret marked",
    );
  },
);

test("an MCP server that does not start is a notice", async () => {
  const broken = { type: "stdio", name: "broken", command: "false", args: [], env: {} } as const;
  const told = await tell([shell("sleep 0.3"), { text: "Without it." }], { mcpServers: [broken] });
  expect(resultOf(told)).toBe("Without it.");
  expect(of(told.events, "notice").map((event) => event.code)).toContain("mcp_server_failed");
});

test.for([FREEFORM, CODE_MODE])("a plan is kept (%s)", async (name) => {
  const told = await tell(followAPlan().steps, { model: name });
  expect(of(told.events, "plan.updated").at(-1)?.steps).toEqual([
    { text: "Write the note", status: "completed" },
    { text: "Check it", status: "completed" },
  ]);
});

test("images and files reach the model", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "pixel.png"), Buffer.from(PIXEL, "base64"));
  const told = await tell([{ text: "Seen." }], {
    cwd: directory,
    prompt: [
      { type: "text", text: "Look." },
      { type: "image", mediaType: "image/png", data: PIXEL },
      { type: "file", path: "pixel.png" },
      { type: "file", path: "notes.md" },
    ],
  });
  const body = JSON.stringify(told.script.asked[0]?.body);
  expect(body.match(/input_image/g)).toHaveLength(2);
  expect(body).toContain(join(directory, "notes.md"));
});

test("the turn limit ends a run that wants more, and leaves one that is done alone", async () => {
  const over = await tell([shell("true"), shell("true"), shell("true"), { text: "Never." }], {
    limits: { maxTurns: 2 },
  });
  expect(over.error?.code).toBe("max_turns");
  expect(over.script.asked.length).toBeLessThanOrEqual(3);
  const within = await tell([shell("true"), { text: "Done." }], { limits: { maxTurns: 2 } });
  expect(within.error).toBeUndefined();
  expect(resultOf(within)).toBe("Done.");
});

test("input joins the run while it works, and the queue closes with the run", async () => {
  const steering = new InputQueue();
  const onEvent = (event: HarnessEvent): void =>
    void (event.type === "tool.started" && steering.push([{ type: "text", text: "turn left" }]));
  const told = await tell([shell("sleep 0.5"), { text: "Left." }], { steering, onEvent });
  expect(told.script.asked.at(-1)?.asked?.userTexts).toContain("turn left");
  expect(resultOf(told)).toBe("Left.");
  expect(steering.push([{ type: "text", text: "too late" }])).toBe(false);
});

test("input that comes with the last word is answered too, in a turn of its own", async () => {
  const steering = new InputQueue();
  let pushed = false;
  const onEvent = (event: HarnessEvent): void => {
    if (event.type === "turn" && !pushed)
      pushed = steering.push([{ type: "text", text: "one more" }]);
  };
  const told = await tell([{ text: "First." }, { text: "Second." }], { steering, onEvent });
  expect(told.script.asked.at(-1)?.asked?.userTexts).toContain("one more");
  expect(resultOf(told)).toBe("Second.");
});

test("two sessions run at once on one server and do not mix", async () => {
  const started = performance.now();
  const [one, two] = await Promise.all([
    tell([shell("sleep 1; echo one"), { text: "One." }]),
    tell([shell("sleep 1; echo two"), { text: "Two." }]),
  ]);
  expect(performance.now() - started).toBeLessThan(2000);
  expect([resultOf(one), resultOf(two)]).toEqual(["One.", "Two."]);
  expect(of(one.events, "tool.finished")).toMatchObject([{ output: { output: "one\n" } }]);
  expect(of(two.events, "tool.finished")).toMatchObject([{ output: { output: "two\n" } }]);
});

test("the key is nowhere that the model's commands can look, nor in Codex's own files", async () => {
  const key = "sk-very-secret-key";
  const look =
    "env; for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ; tr '\\0' ' ' < $p/cmdline; done 2>/dev/null | grep -c 'sk-very[-]secret'";
  const told = await tell([shell(look), { text: "Looked." }], {
    apiKey: key,
    env: { PATH: process.env["PATH"]!, MINE: "yes" },
    runId: "run_key",
  });
  const output = outputOf(told);
  expect(output).toContain("MINE=yes");
  expect(output).toContain(
    Object.entries(box.processes.markerOf("run_key")).map((pair) => pair.join("="))[0]!,
  );
  expect(output.trim().split("\n").at(-1)).toBe("0");
  expect(JSON.stringify(told.events)).not.toContain(key);
  for (const entry of await readdir(box.stateDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    expect(bytes.includes(key) ? entry.name : "").toBe("");
  }
});

test("withheld tools are not offered, and what cannot be switched off is declined", async () => {
  const told = await tell(
    [{ calls: [{ intent: "write", path: "x.txt", content: "x\n" }] }, { text: "No." }],
    {
      model: FREEFORM,
      deniedTools: ["exec_command", "apply_patch", "view_image", "web_search", "update_plan"],
    },
  );
  expect(told.script.asked[0]?.asked?.tools.map((tool) => tool.name)).not.toEqual(
    expect.arrayContaining(["exec_command"]),
  );
  const offered = JSON.stringify(told.script.asked[0]!.body);
  for (const name of ["exec_command", "view_image", "web_search", "update_plan"])
    expect(offered).not.toContain(`"${name}"`);
  expect(of(told.events, "tool.finished")).toMatchObject([{ name: "apply_patch", ok: false }]);
  await expect(stat(join(cwd, "x.txt"))).rejects.toThrow("ENOENT");
});

test.for([CODE_MODE, UNKNOWN])(
  "sub-agents are offered unless they are denied (%s)",
  async (name) => {
    expect(toolsOf(await tell([{ text: "Ok." }], { model: name }))).toContain("spawn_agent");
    const without = toolsOf(
      await tell([{ text: "Ok." }], { model: name, deniedTools: ["spawn_agent"] }),
    );
    expect(without.filter((tool) => /agent/.test(tool))).toEqual([]);
  },
);

test("only the MCP tools that are allowed are offered", async () => {
  const told = await tell([{ text: "Ok." }], {
    mcpServers: [probe()],
    allowedTools: ["mcp__probe__echo", "exec_command"],
  });
  const names = toolsOf(told);
  expect(names).toContain("echo");
  expect(names).not.toContain("other");
});

test.for([
  [
    "a provider of another dialect",
    {
      modelAccess: accessTo({ anthropicBaseUrl: "", openaiBaseUrl: "" }, "anthropic-messages"),
    },
    "dialect_not_served",
  ],
] as const)("%s is refused before anything starts", async ([, wishes, code]) => {
  const told = await tell([], wishes);
  expect(told.error?.code).toBe(code);
  expect(told.events).toEqual([]);
});

test("a server that dies in the middle of a run is told of, and the next run has a new one", async () => {
  const own = new WarmPool({ idleMs: 60_000, maxKept: 4 });
  const pids: number[] = [];
  const remember: HarnessContext["spawn"] = async (request) => {
    const child = await spawn(request);
    pids.push(child.pid);
    return child;
  };
  const onEvent = (event: HarnessEvent): void =>
    void (event.type === "tool.started" && process.kill(pids[0]!, "SIGKILL"));
  const died = await tell([shell("sleep 5")], { warm: own, spawn: remember, onEvent });
  expect(died.error).toMatchObject({ code: "agent_exited", data: { signal: "SIGKILL" } });
  expect(of(died.events, "tool.finished")).toMatchObject([{ ok: false, exitCode: null }]);
  const next = await tell([{ text: "Alive." }], {
    warm: own,
    spawn: remember,
    session: { id: "s", token: died.token, fork: false },
  });
  expect(resultOf(next)).toBe("Alive.");
  expect(pids).toHaveLength(2);
  await own.closeAll();
});

test("a sub-agent's commands and tokens are the run's, and what it says is not", async () => {
  const step = (request: ModelRequest): Step => {
    const isBelow = request.userTexts.includes("say something");
    const answered = request.toolResults.length;
    if (isBelow)
      return answered === 0
        ? { calls: [{ intent: "shell", command: "echo below" }] }
        : { text: "Below." };
    if (answered === 0)
      return { calls: [{ tool: "spawn_agent", input: { message: "say something" } }] };
    return answered === 1
      ? { calls: [{ intent: "shell", command: "sleep 1" }] }
      : { text: "Above." };
  };
  const told = await tell(Array.from({ length: 8 }, () => step));
  expect(told.error).toBeUndefined();
  expect(of(told.events, "tool.finished").map(({ name }) => name)).toEqual([
    "spawn_agent",
    "exec_command",
    "exec_command",
  ]);
  expect(of(told.events, "tool.finished")[1]).toMatchObject({
    ok: true,
    output: { output: "below\n" },
  });
  expect(of(told.events, "usage")).toHaveLength(5);
  expect(of(told.events, "turn")).toHaveLength(3);
  expect(of(told.events, "message").map(({ text }) => text)).toEqual(["Above."]);
  expect(of(told.events, "unmapped")).toEqual([]);
});

test("a sub-agent that works on ends with the run", async () => {
  const step = (request: ModelRequest): Step => {
    if (request.userTexts.includes("wait long"))
      return { calls: [{ intent: "shell", command: "sleep 983" }] };
    if (request.toolResults.length === 0)
      return { calls: [{ tool: "spawn_agent", input: { message: "wait long" } }] };
    return request.toolResults.length === 1
      ? { calls: [{ intent: "shell", command: "sleep 1" }] }
      : { text: "Above." };
  };
  const told = await tell(
    Array.from({ length: 8 }, () => step),
    { runId: "run_below" },
  );
  expect(resultOf(told)).toBe("Above.");
  expect(of(told.events, "tool.started")).toHaveLength(3);
  expect(of(told.events, "tool.finished")).toHaveLength(3);
  expect(await pidsOf("run_below")).toEqual([]);
});

test("a command left in the background ends with the run", async () => {
  const told = await tell(
    [
      { calls: [{ tool: "exec_command", input: { cmd: "sleep 984", yield_time_ms: 250 } }] },
      { text: "Left." },
    ],
    {
      runId: "run_background",
    },
  );
  expect(resultOf(told)).toBe("Left.");
  expect(of(told.events, "tool.finished")).toMatchObject([{ ok: false }]);
  expect(await pidsOf("run_background")).toEqual([]);
});

test("it is ready where the pinned program is, and says how to get it where it is not", async () => {
  expect(await codex.check!({ agentsDir: AGENTS })).toMatchObject({
    ready: true,
    version: "0.169.0",
  });
  expect(await codex.check!({ agentsDir: "/nonexistent" })).toMatchObject({
    ready: false,
    fix: "harnessd agents install codex",
  });
});

/** An MCP server of two tools, small enough to stand in an argument. */
function probe(env: Record<string, string> = {}): HarnessContext["mcpServers"][number] {
  const mark = Object.keys(box.processes.markerOf("any"))[0];
  const source = `
    const MARK = ${JSON.stringify(mark)};
    const tool = (name) => ({ name, description: name, inputSchema: { type: "object", properties: { text: { type: "string" } } } });
    const answers = {
      initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "probe", version: "1" } }),
      "tools/list": () => ({ tools: [tool("echo"), tool("other")] }),
      "tools/call": ({ arguments: { text } }) => ({ content: [{ type: "text", text: [text, process.env.PROBE_SECRET, process.env[MARK] && "marked"].join(" ") }] }),
    };
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const { id, method, params } = JSON.parse(line);
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method]?.(params) ?? {} }));
    });`;
  return { type: "stdio", name: "probe", command: process.execPath, args: ["-e", source], env };
}
