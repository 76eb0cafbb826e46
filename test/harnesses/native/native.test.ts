// Our own agent against a scripted model, the same in every dialect: what it says, what it does, and how it ends.
import { CodedError } from "../../../tools/coded-error.ts";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HarnessEvent } from "../../../harnesses/events.ts";
import { InputQueue } from "../../../harnesses/input-queue.ts";
import { native } from "../../../harnesses/native.ts";
import type { ModelDialect } from "../../../harnesses/providers.ts";
import { fixTheTest } from "../../scripted-model/stories.ts";
import { tools } from "../../../tools/index.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../../scripted-model/scripted-model.ts";
import { accessTo, eventsOf, TestBox, type RunWishes, type SeenRun } from "../harness-context.ts";
import { commandTool, failingTool, meetingTool } from "./box-tools.ts";

const DIALECTS: readonly [ModelDialect, string][] = [
  ["anthropic-messages", "anthropic/claude-opus-5-5"],
  ["openai-responses", "openai/gpt-6-sol"],
  ["openai-chat", "openrouter/some/model"],
];
const OPTIONS = { retryDelayMs: 1, maxAttempts: 3, stallMs: 10_000 };
const SCHEMA = {
  type: "object",
  properties: { count: { type: "integer", minimum: 1 } },
  required: ["count"],
  additionalProperties: false,
};

let server: ScriptedModel;
let box: TestBox;
beforeAll(async () => {
  server = await ScriptedModel.start();
});
afterAll(() => server.close());
beforeEach(async () => {
  box = await TestBox.make();
});
afterEach(() => box.close());

describe.each(DIALECTS)("in %s", (dialect, model) => {
  let script: PlayedScript;

  function play(steps: readonly ScriptStep[]): RunWishes {
    script = server.script(crypto.randomUUID(), steps, { strict: true });
    return {
      model,
      modelAccess: accessTo(script, dialect),
      tools: [commandTool, failingTool],
      options: OPTIONS,
    };
  }

  const run = (
    steps: readonly ScriptStep[],
    wishes: RunWishes = {},
    onEvent?: (event: HarnessEvent) => unknown,
  ): Promise<SeenRun> => box.run(native, { ...play(steps), ...wishes }, onEvent);

  /** The texts of the tool answers that the model was given in its n-th request. */
  const answersIn = async (request: number): Promise<readonly string[]> =>
    (await script.arrival(request)).asked?.toolResults ?? [];

  test("streamed text and reasoning are deltas whose whole is the fact that follows", async () => {
    const { events, error } = await run([
      { reasoning: "I think of a greeting.", text: "Hello there, you." },
    ]);
    expect(error).toBeUndefined();
    const joined = (type: "message.delta" | "reasoning.delta"): string =>
      eventsOf(events, type)
        .map((event) => event.text)
        .join("");
    expect(joined("message.delta")).toBe("Hello there, you.");
    expect(joined("reasoning.delta")).toBe("I think of a greeting.");
    expect(eventsOf(events, "message").map((event) => event.text)).toEqual(["Hello there, you."]);
    expect(eventsOf(events, "reasoning").map((event) => event.text)).toEqual([
      "I think of a greeting.",
    ]);
    expect(new Set(eventsOf(events, "message.delta").map((event) => event.messageId)).size).toBe(1);
    expect(eventsOf(events, "message.delta").length).toBeGreaterThan(1);
    expect(events.at(-1)).toEqual({ type: "result", text: "Hello there, you." });
  });

  test("usage is told per call, cached tokens within the input", async () => {
    const { events } = await run([
      { text: "Done.", usage: { input: 1000, output: 50, cached: 400 } },
    ]);
    const [usage, ...more] = eventsOf(events, "usage");
    expect(more).toEqual([]);
    expect(usage).toMatchObject({
      scope: "call",
      model,
      inputTokens: 1000,
      outputTokens: 50,
      cachedInputTokens: 400,
    });
    expect(usage?.costBasis).toBe(model.startsWith("openrouter") ? "reported" : "computed");
    expect(eventsOf(events, "turn")).toHaveLength(1);
  });

  test("a tool is run and its answer given back", async () => {
    const { events, error } = await run([
      {
        text: "I look.",
        calls: [{ tool: "shell_exec", input: { command: "printf 'one\\ntwo'; exit 3" } }],
      },
      { text: "It says two lines." },
    ]);
    expect(error).toBeUndefined();
    const [started] = eventsOf(events, "tool.started");
    const [finished] = eventsOf(events, "tool.finished");
    expect(started).toMatchObject({
      name: "shell_exec",
      kind: "execute",
      input: { command: "printf 'one\\ntwo'; exit 3" },
    });
    expect(finished).toMatchObject({
      toolCallId: started?.toolCallId,
      ok: false,
      exitCode: 3,
      output: { stdout: "one\ntwo" },
    });
    expect(
      eventsOf(events, "tool.input")
        .map((event) => event.text)
        .join(""),
    ).toBe(JSON.stringify(started?.input));
    expect(await answersIn(2)).toEqual(["exitCode: 3\nstdout:\none\ntwo"]);
  });

  test("calls that only read run at the same time, and are answered in order", async () => {
    const calls = ["first", "second", "third"].map((who) => ({
      tool: "test_meet",
      input: { who },
    }));
    const { events, error } = await run([{ calls }, { text: "All there." }], {
      tools: [meetingTool(3)],
    });
    expect(error).toBeUndefined();
    expect(eventsOf(events, "tool.finished").map((event) => event.ok)).toEqual([true, true, true]);
    expect(await answersIn(2)).toEqual(["first was there", "second was there", "third was there"]);
  });

  test("calls that may change something run one after the other", async () => {
    const calls = [1, 2, 3].map((n) => ({
      tool: "shell_exec",
      input: { command: `echo ${n} >> order.txt` },
    }));
    const { error } = await run([{ calls }, { text: "Written." }]);
    expect(error).toBeUndefined();
    expect(await readFile(join(box.cwd, "order.txt"), "utf8")).toBe("1\n2\n3\n");
  });

  test("a failing tool, an unknown tool, wrong input and unreadable input are answers that the model sees", async () => {
    const { events, error } = await run([
      { calls: [{ tool: "test_fail", input: { how: "refuse" } }] },
      { calls: [{ tool: "no_such_tool", input: {} }] },
      { calls: [{ tool: "shell_exec", input: { command: 7 } }] },
      { calls: [{ tool: "shell_exec", input: '{"command": "ls' }] },
      { text: "I give up." },
    ]);
    expect(error).toBeUndefined();
    expect(eventsOf(events, "tool.finished").map((event) => event.ok)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    const answers = await answersIn(5);
    expect(answers[0]).toContain("not_today: It does not work today");
    expect(answers[1]).toContain("unknown_tool");
    expect(answers[2]).toContain("invalid_input");
    expect(answers[3]).toContain("not valid JSON");
  });

  test("a tool's bug ends the run, but not before its call is accounted for", async () => {
    const { events, error } = await run([
      { calls: [{ tool: "test_fail", input: { how: "break" } }] },
    ]);
    expect(error).toMatchObject({ cause: { message: "a bug of the tool's own" } });
    expect(eventsOf(events, "tool.finished")).toMatchObject([
      { ok: false, output: { code: "internal_error" } },
    ]);
  });

  test("429 is waited out as long as the server asks, visibly", async () => {
    const before = Date.now();
    const { events, error } = await run([
      { fault: { status: 429, retryAfterS: 1 } },
      { text: "Here." },
    ]);
    expect(error).toBeUndefined();
    expect(Date.now() - before).toBeGreaterThanOrEqual(1000);
    expect(eventsOf(events, "notice")).toMatchObject([
      { code: "retry", data: { attempt: 1, maxAttempts: 3, delayMs: 1000, status: 429 } },
    ]);
    expect(events.at(-1)).toEqual({ type: "result", text: "Here." });
  });

  test("500s are tried again, and given up after the last attempt", async () => {
    const { events, error } = await run([{ fault: { status: 500 }, times: 3 }]);
    expect(error).toMatchObject({
      name: "CodedError",
      code: "server_error",
      data: { status: 500, attempts: 3 },
    });
    expect(eventsOf(events, "notice").map((event) => event.data?.["attempt"])).toEqual([1, 2]);
    expect(script.asked).toHaveLength(3);
  });

  test.each([
    [401, "unauthorized"],
    [403, "forbidden"],
    [404, "model_not_found"],
    [400, "invalid_request"],
  ])("%i fails at once", async (status, code) => {
    const { events, error } = await run([{ fault: { status } }]);
    expect(error).toBeInstanceOf(CodedError);
    expect(error).toMatchObject({ code });
    expect(eventsOf(events, "notice")).toEqual([]);
  });

  test.each([
    ["cut", { cutAfterChunks: 2 }],
    ["malformed", { malformedAfterChunks: 2 }],
    ["ended by an error event", { sseError: "overloaded_error" }],
  ])("a stream that is %s is retracted and asked for again", async (_, fault) => {
    const broken = { text: "This will not be whole, ever.", fault, chunkDelayMs: 20 };
    const { events, error } = await run([broken, { text: "Whole." }]);
    expect(error).toBeUndefined();
    const [delta] = eventsOf(events, "message.delta");
    expect(delta?.text).toBe("This will no");
    expect(eventsOf(events, "message.retracted").map((event) => event.messageId)).toEqual([
      delta?.messageId,
    ]);
    expect(eventsOf(events, "notice").map((event) => event.code)).toEqual(["retry"]);
    expect(eventsOf(events, "message").map((event) => event.text)).toEqual(["Whole."]);
  });

  test("a cut tool call is never run", async () => {
    const command = `touch ${join(box.cwd, "half-done")}`;
    const cut = {
      calls: [{ tool: "shell_exec", input: { command } }],
      fault: { cutAfterChunks: 2 },
      chunkDelayMs: 20,
    };
    const { events, error } = await run([cut, { text: "Not done." }]);
    expect(error).toBeUndefined();
    expect(eventsOf(events, "tool.input")).not.toEqual([]);
    expect(eventsOf(events, "tool.started")).toEqual([]);
    await expect(readFile(join(box.cwd, "half-done"))).rejects.toThrow("ENOENT");
  });

  test("a connection that is refused is tried again", async () => {
    const { events, error } = await run([{ fault: { refuse: true } }, { text: "Here." }]);
    expect(error).toBeUndefined();
    expect(eventsOf(events, "notice")).toMatchObject([
      { code: "retry", data: { cause: "connection_failed", status: null } },
    ]);
  });

  test("a silent stream is given up and asked for again", async () => {
    const steps = [
      { text: "Some words and then", fault: { stallAfterChunks: 1 } },
      { text: "Here." },
    ];
    const { events, error } = await run(steps, { options: { ...OPTIONS, stallMs: 150 } });
    expect(error).toBeUndefined();
    expect(eventsOf(events, "notice")).toMatchObject([{ data: { cause: "stalled" } }]);
    expect(events.at(-1)).toEqual({ type: "result", text: "Here." });
  });

  test("a refusal fails the run as one", async () => {
    const { error } = await run([{ text: "I cannot help with that.", stop: "refusal" }]);
    expect(error).toMatchObject({
      code: "model_refused",
      message: expect.stringContaining("I cannot help with that.") as string,
    });
  });

  test("a reply cut off at the output limit is continued, and its calls are not run", async () => {
    const { events, error } = await run([
      { text: "One, two, ", stop: "max_tokens" },
      {
        text: "three, ",
        calls: [{ tool: "shell_exec", input: { command: "touch never" } }],
        stop: "max_tokens",
      },
      { text: "four." },
    ]);
    expect(error).toBeUndefined();
    expect(eventsOf(events, "tool.started")).toEqual([]);
    expect(events.at(-1)).toEqual({ type: "result", text: "One, two, three, four." });
  });

  test("replies that are cut off again and again fail the run", async () => {
    const { error } = await run([{ text: "and ", stop: "max_tokens", times: 4 }]);
    expect(error).toMatchObject({ code: "max_tokens" });
  });

  test("a wrong structured answer is repaired, the model told what was wrong", async () => {
    const { events, error } = await run(
      [{ text: '{"count": 0}' }, { text: '```json\n{"count": 3}\n```' }],
      { schema: SCHEMA },
    );
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: "result", json: { count: 3 } });
    expect(eventsOf(events, "notice")).toMatchObject([
      { code: "result_repair", data: { attempt: 1, maxAttempts: 2 } },
    ]);
    const [first, second] = await Promise.all([script.arrival(1), script.arrival(2)]);
    expect(first.asked?.system).toContain('"minimum":1');
    expect(second.asked?.userTexts.join("\n")).toContain("/count must be >= 1");
  });

  test("a structured answer that stays wrong fails the run after two repairs", async () => {
    const { error } = await run([{ text: "not even JSON", times: 3 }], { schema: SCHEMA });
    expect(error).toMatchObject({
      code: "schema_mismatch",
      message: expect.stringContaining("not JSON alone") as string,
    });
    expect(script.asked).toHaveLength(3);
  });

  test("input steered into the run reaches the model at the next turn", async () => {
    const steering = new InputQueue();
    const { events, error } = await run(
      [
        { text: "Working.", calls: [{ tool: "shell_exec", input: { command: "true" } }] },
        { text: "Blue it is." },
      ],
      { steering },
      (event) =>
        event.type === "tool.started" && steering.push([{ type: "text", text: "Make it blue." }]),
    );
    expect(error).toBeUndefined();
    expect((await script.arrival(2)).asked?.userTexts.join("\n")).toContain("Make it blue.");
    expect(events.at(-1)).toEqual({ type: "result", text: "Blue it is." });
    expect(steering.push([{ type: "text", text: "too late" }])).toBe(false);
  });

  test("input that comes with the last words is still answered", async () => {
    const steering = new InputQueue();
    const push = (event: HarnessEvent): unknown =>
      event.type === "message" &&
      event.text === "Done." &&
      steering.push([{ type: "text", text: "And now?" }]);
    const { events } = await run(
      [{ text: "Done." }, { text: "Now really done." }],
      { steering },
      push,
    );
    expect(events.at(-1)).toEqual({ type: "result", text: "Now really done." });
  });

  test("a cancel in the middle of a command ends it, accounts for it and leaves a session that can go on", async () => {
    const controller = new AbortController();
    const steps: ScriptStep[] = [
      { calls: [{ tool: "shell_exec", input: { command: "touch started; sleep 60" } }] },
      { text: "I see that it was cancelled." },
    ];
    const wishes = { ...play(steps), signal: controller.signal };
    const before = Date.now();
    const { events, error } = await box.run(native, wishes, async (event) => {
      if (event.type === "tool.started")
        setTimeout(() => controller.abort(new Error("cancelled by the host")), 100);
    });
    expect(error).toMatchObject({ message: "cancelled by the host" });
    expect(Date.now() - before).toBeLessThan(4_000);
    expect(eventsOf(events, "tool.finished")).toMatchObject([
      { ok: false, output: { code: "cancelled" } },
    ]);
    const token = eventsOf(events, "session.bound")[0]?.token;
    const resumed = await box.run(native, {
      ...wishes,
      signal: new AbortController().signal,
      session: { token },
    });
    expect(resumed.error).toBeUndefined();
    expect(await answersIn(2)).toEqual([expect.stringContaining("cancelled")]);
  });

  test("a run that is ended by the usage of a reply still keeps the reply, its calls answered", async () => {
    const controller = new AbortController();
    const wishes = play([
      { text: "I begin.", calls: [{ tool: "shell_exec", input: { command: "touch begun" } }] },
      { text: "Again." },
    ]);
    const first = await box.run(
      native,
      { ...wishes, signal: controller.signal },
      ({ type }) => type === "usage" && controller.abort(new Error("budget")),
    );
    expect(first.error).toMatchObject({ message: "budget" });
    expect(eventsOf(first.events, "tool.started")).toEqual([]);
    const token = eventsOf(first.events, "session.bound")[0]?.token;
    await box.run(native, { ...wishes, session: { token } });
    const asked = (await script.arrival(2)).asked;
    expect(asked?.pastCalls).toHaveLength(1);
    expect(asked?.toolResults).toEqual([expect.stringContaining("Not run")]);
  });

  test("a cancel in the middle of a stream ends at once", async () => {
    const controller = new AbortController();
    const steps = [{ text: "Some words and then silence", fault: { stallAfterChunks: 1 } }];
    const { error } = await run(
      steps,
      { signal: controller.signal },
      (event) => event.type === "message.delta" && controller.abort(new Error("enough")),
    );
    expect(error).toMatchObject({ message: "enough" });
    expect(script.asked).toHaveLength(1);
  });

  test("a run stops at its turn limit when it would ask the model once more, after the calls of its last answer", async () => {
    const call = { tool: "shell_exec", input: { command: "echo x >> turns.txt" } };
    const { events, error } = await run([{ calls: [call], times: 5 }], { limits: { maxTurns: 2 } });
    expect(error).toMatchObject({ code: "max_turns" });
    expect(eventsOf(events, "turn")).toHaveLength(2);
    expect(await readFile(join(box.cwd, "turns.txt"), "utf8")).toBe("x\nx\n");
  });

  test("a later run goes on with the whole conversation, reasoning included", async () => {
    const wishes = play([
      {
        reasoning: "Secret thoughts.",
        text: "I look.",
        calls: [{ tool: "shell_exec", input: { command: "echo 42" } }],
      },
      { text: "It is 42." },
      { text: "It was 42." },
    ]);
    const first = await box.run(native, { ...wishes, prompt: "What is it?" });
    const token = eventsOf(first.events, "session.bound")[0]?.token;
    const second = await box.run(native, { ...wishes, prompt: "What was it?", session: { token } });
    expect(second.error).toBeUndefined();
    expect(eventsOf(second.events, "session.bound")[0]?.token).toBe(token);
    const asked = (await script.arrival(3)).asked;
    expect(asked?.userTexts).toEqual(expect.arrayContaining(["What is it?", "What was it?"]));
    expect(asked?.pastCalls).toMatchObject([{ name: "shell_exec", input: { command: "echo 42" } }]);
    expect(asked?.toolResults).toEqual([expect.stringContaining("42")]);
    expect(JSON.stringify(asked?.body)).toMatch(
      /"(signature|encrypted_content|reasoning_content)":"[^"]/,
    );
  });

  test("a fork leaves the earlier session as it is", async () => {
    const wishes = play([{ text: "A." }, { text: "B." }, { text: "C." }]);
    const first = await box.run(native, { ...wishes, prompt: "one" });
    const token = eventsOf(first.events, "session.bound")[0]?.token;
    const fork = await box.run(native, {
      ...wishes,
      prompt: "two",
      session: { token, fork: true },
    });
    expect(eventsOf(fork.events, "session.bound")[0]?.token).not.toBe(token);
    await box.run(native, { ...wishes, prompt: "three", session: { token } });
    expect((await script.arrival(3)).asked?.userTexts).toEqual(["one", "three"]);
  });

  test("images and files of the prompt reach the model", async () => {
    await writeFile(join(box.cwd, "notes.txt"), "remember the milk");
    const gif = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    await writeFile(join(box.cwd, "shot.png"), png);
    const { error } = await run([{ text: "Seen." }], {
      prompt: [
        { type: "text", text: "Look." },
        { type: "image", mediaType: "image/gif", data: gif },
        { type: "file", path: "shot.png" },
        { type: "file", path: "notes.txt" },
      ],
    });
    expect(error).toBeUndefined();
    const body = JSON.stringify((await script.arrival(1)).asked?.body);
    expect(body).toContain(gif);
    expect(body).toContain(png.toString("base64"));
    expect(body).toContain("remember the milk");
  });

  test("a history that nearly fills the context is summed up first", async () => {
    const { events, error } = await run(
      [
        {
          calls: [{ tool: "shell_exec", input: { command: "echo found it" } }],
          usage: { input: 9_500, output: 50, cached: 0 },
        },
        { text: "The user wants it done; found it." },
        { text: "Done." },
      ],
      { prompt: "Do the thing.", options: { ...OPTIONS, contextTokens: 10_000 } },
    );
    expect(error).toBeUndefined();
    expect(eventsOf(events, "notice")).toMatchObject([{ code: "compaction" }]);
    expect(eventsOf(events, "message").map((event) => event.text)).toEqual(["Done."]);
    expect(eventsOf(events, "usage")).toHaveLength(3);
    const asked = (await script.arrival(3)).asked;
    expect(asked?.pastCalls).toEqual([]);
    expect(asked?.userTexts.join("\n")).toMatch(/found it[\s\S]*Do the thing\./);
  });

  test("a request that the server finds too long is summed up once and sent again", async () => {
    const tooLong = {
      status: 400,
      body: {
        error: {
          type: "invalid_request_error",
          message: "prompt is too long: 210000 tokens > 200000 maximum",
        },
      },
    };
    const { events, error } = await run([
      { calls: [{ tool: "shell_exec", input: { command: "true" } }] },
      { fault: tooLong },
      { text: "A summary." },
      { text: "Done." },
    ]);
    expect(error).toBeUndefined();
    expect(eventsOf(events, "notice").map((event) => event.code)).toEqual(["compaction"]);
    expect(events.at(-1)).toEqual({ type: "result", text: "Done." });
  });

  test("a whole task is done with the runtime's real tools", async () => {
    const story = fixTheTest();
    for (const [path, text] of Object.entries(story.files))
      await writeFile(join(box.cwd, path), text);
    const { events, error } = await run(story.steps, { prompt: story.prompt, tools });
    expect(error).toBeUndefined();
    expect(
      eventsOf(events, "tool.finished").map(({ name, ok, exitCode }) => [name, ok, exitCode]),
    ).toEqual([
      ["shell_exec", false, 1],
      ["fs_read", true, undefined],
      ["fs_edit", true, undefined],
      ["shell_exec", true, 0],
    ]);
    expect(events.at(-1)).toEqual({ type: "result", text: story.answer });
    for (const [path, text] of Object.entries(story.filesAfter))
      expect(await readFile(join(box.cwd, path), "utf8")).toBe(text);
  });

  test("a plan is shown", async () => {
    const steps = [{ text: "Look", status: "in_progress" as const }];
    const { events } = await run([{ calls: [{ intent: "plan", steps }] }, { text: "Planned." }]);
    expect(eventsOf(events, "plan.updated")).toEqual([{ type: "plan.updated", steps }]);
  });

  test("every tool that started has finished, and every delta is closed", async () => {
    const { events } = await run([
      { text: "a", calls: [{ tool: "shell_exec", input: { command: "true" } }] },
      { text: "b, and more of it", fault: { cutAfterChunks: 2 }, chunkDelayMs: 20 },
      { text: "c" },
    ]);
    const ids = (type: HarnessEvent["type"], key: "toolCallId" | "messageId"): unknown[] =>
      events.flatMap((event) =>
        event.type === type && key in event ? [(event as Record<string, unknown>)[key]] : [],
      );
    expect(ids("tool.finished", "toolCallId")).toEqual(ids("tool.started", "toolCallId"));
    const closed = new Set([
      ...ids("message", "messageId"),
      ...ids("message.retracted", "messageId"),
    ]);
    expect(ids("message.delta", "messageId").every((id) => closed.has(id))).toBe(true);
  });
});

test("a server that asks for a longer pause than a run may wait fails it, saying until when", async () => {
  const script = server.script("pause", [{ fault: { status: 429, retryAfterS: 3_600 } }], {
    strict: true,
  });
  const modelAccess = accessTo(script, "anthropic-messages");
  const { error } = await box.run(native, { model: "anthropic/claude-opus-5-5", modelAccess });
  expect(error).toMatchObject({ code: "rate_limited", data: { retryAfterMs: 3_600_000 } });
});

test("anthropic: a paused turn is gone on with", async () => {
  const script = server.script(
    "paused",
    [{ text: "Half ", stop: "pause_turn" }, { text: "whole." }],
    { strict: true },
  );
  const modelAccess = accessTo(script, "anthropic-messages");
  const { events } = await box.run(native, { model: "anthropic/claude-opus-5-5", modelAccess });
  expect(events.at(-1)).toEqual({ type: "result", text: "whole." });
  expect(eventsOf(events, "turn")).toHaveLength(2);
});

test("a long answer of a tool is shortened for the model, its end kept", async () => {
  const command = "head -c 300000 /dev/zero | tr '\\0' a; echo the end";
  const script = server.script(
    "long",
    [{ calls: [{ tool: "shell_exec", input: { command } }] }, { text: "ok" }],
    { strict: true },
  );
  await box.run(native, {
    model: "openai/gpt-6-sol",
    modelAccess: accessTo(script, "openai-responses"),
    tools: [commandTool],
  });
  const [answer = ""] = (await script.arrival(2)).asked?.toolResults ?? [];
  expect(answer.length).toBeLessThan(101_000);
  expect(answer).toContain("characters left out here");
  expect(answer.endsWith("the end")).toBe(true);
});

test.each([
  ["a missing file", "none.txt", "file_not_found"],
  ["a directory", ".", "file_not_supported"],
  ["a binary file", "program", "file_not_supported"],
  ["a text that is too long", "long.txt", "file_too_large"],
  ["a PDF for a local server", "paper.pdf", "file_not_supported"],
])("%s in the prompt fails the run before the model is asked", async (_, path, code) => {
  await writeFile(join(box.cwd, "program"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0x00]));
  await writeFile(join(box.cwd, "long.txt"), "x".repeat(600_000));
  await writeFile(join(box.cwd, "paper.pdf"), "%PDF-1.7");
  const script = server.script("files", [], { strict: true });
  const wishes = {
    model: "vllm/m",
    modelAccess: accessTo(script, "openai-chat"),
    prompt: [{ type: "file" as const, path }],
  };
  expect((await box.run(native, wishes)).error).toMatchObject({ code });
  expect(script.requests).toEqual([]);
});

test("a schema that is none and a session that is not there fail before the model is asked", async () => {
  const script = server.script("refused", [], { strict: true });
  const modelAccess = accessTo(script, "anthropic-messages");
  expect((await box.run(native, { modelAccess, schema: { type: "strnig" } })).error).toMatchObject({
    code: "invalid_schema",
  });
  expect(
    (await box.run(native, { modelAccess, session: { token: crypto.randomUUID() } })).error,
  ).toMatchObject({
    code: "session_not_found",
  });
  expect(script.requests).toEqual([]);
});
