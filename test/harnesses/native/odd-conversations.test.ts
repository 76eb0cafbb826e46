// A session can always go on, whatever the model or the caller once sent. The scripted model refuses what a provider would.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { native } from "../../../harnesses/native.ts";
import { wellFormed } from "../../../harnesses/native/gate/well-formed.ts";
import { InputQueue } from "../../../harnesses/input-queue.ts";
import type { ModelDialect } from "../../../harnesses/providers.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../../scripted-model/scripted-model.ts";
import { accessTo, eventsOf, TestBox, type RunWishes, type SeenRun } from "../harness-context.ts";
import { commandTool } from "./box-tools.ts";

const DIALECTS: readonly [ModelDialect, string][] = [
  ["anthropic-messages", "anthropic/claude-opus-5-5"],
  ["openai-responses", "openai/gpt-6-sol"],
  ["openai-chat", "openrouter/some/model"],
];
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
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
  /** Two runs of one session: what the first leaves behind goes out again with the second. */
  async function runTwice(
    steps: readonly ScriptStep[],
    wishes: RunWishes = {},
  ): Promise<SeenRun[]> {
    script = server.script(crypto.randomUUID(), [...steps, { text: "Again." }], { strict: true });
    const base = {
      model,
      modelAccess: accessTo(script, dialect),
      tools: [commandTool],
      options: { maxAttempts: 1 },
    };
    const first = await box.run(native, { ...base, ...wishes });
    const token = eventsOf(first.events, "session.bound")[0]?.token;
    const second = await box.run(native, { ...base, prompt: "And now?", session: { token } });
    expect(second.error).toBeUndefined();
    expect(second.events.at(-1)).toEqual({ type: "result", text: "Again." });
    return [first, second];
  }
  const echo = (word: string, id?: string) => ({
    tool: "shell_exec",
    input: { command: `echo ${word}` },
    ...(id !== undefined && { id }),
  });
  const resultsOf = async (request: number) => (await script.arrival(request)).asked?.toolResults;
  const callsOf = async (request: number) =>
    (await script.arrival(request)).asked?.pastCalls.map(({ input }) => input);

  test("a model that gives every call one id: each keeps its own input, answer and name for hosts", async () => {
    const [first] = await runTwice([
      { calls: [echo("one", "call_0"), echo("two", "call_0")] },
      { calls: [echo("three", "call_0")] },
      { text: "Done." },
    ]);
    expect(first?.error).toBeUndefined();
    expect(await callsOf(4)).toEqual(
      ["one", "two", "three"].map((word) => ({ command: `echo ${word}` })),
    );
    expect(await resultsOf(4)).toEqual(
      ["one", "two", "three"].map((word) => expect.stringContaining(word) as string),
    );
    const started = eventsOf(first?.events ?? [], "tool.started").map(
      ({ toolCallId }) => toolCallId,
    );
    expect(new Set(started).size).toBe(3);
    expect(
      eventsOf(first?.events ?? [], "tool.finished").map(({ toolCallId }) => toolCallId),
    ).toEqual(started);
  });

  test("text of white space alone beside a call, and a blank prompt, do not come in the way", async () => {
    const [first] = await runTwice([{ text: " \n", calls: [echo("one")] }, { text: "Done." }], {
      prompt: " \n",
    });
    expect(first?.error).toBeUndefined();
    expect(await resultsOf(3)).toEqual([expect.stringContaining("one")]);
  });

  test("half a surrogate pair of the model, of a tool's input and of a host is sent as a whole character", async () => {
    const [first] = await runTwice(
      [
        {
          text: "half \ud83d",
          calls: [{ tool: "shell_exec", input: { command: "echo \udc00x" } }],
        },
        { text: "Done \ud83d" },
      ],
      { prompt: "say \ud83d" },
    );
    expect(first?.error).toBeUndefined();
    expect(wellFormed(first?.events)).toBe(first?.events);
    expect((await script.arrival(3)).asked?.userTexts[0]).toContain("say \ufffd");
  });

  test("input that is too long to be shown whole is cut between two characters", async () => {
    const broken = `{"command":"${"x".repeat(487)}👩‍👩‍👧‍👦 and more`;
    const [first] = await runTwice([
      { calls: [{ tool: "shell_exec", input: broken }] },
      { text: "Done." },
    ]);
    expect(first?.error).toBeUndefined();
    expect((await resultsOf(2))?.[0]).toMatch(/x$/);
  });

  test.each(["functions.shell_exec", "n".repeat(90), "ünïcode tool"])(
    "a tool called %s is not there, and that it was called can be said again",
    async (tool) => {
      const [first] = await runTwice([{ calls: [{ tool, input: {} }] }, { text: "I see." }]);
      expect(first?.error).toBeUndefined();
      expect((await resultsOf(2))?.[0]).toContain("There is no tool");
    },
  );

  test("arguments that break off are told to the model, and go back as arguments that can be read", async () => {
    const [first] = await runTwice([
      { calls: [{ tool: "shell_exec", input: '{"command": "ls' }] },
      { text: "I see." },
    ]);
    expect(first?.error).toBeUndefined();
    expect((await resultsOf(3))?.[0]).toContain("not valid JSON");
  });

  test("a blank result of a tool is told as one", async () => {
    const silent = { tool: "shell_exec", input: { command: "true" } };
    expect((await runTwice([{ calls: [silent] }, { text: "Done." }]))[0]?.error).toBeUndefined();
  });

  test.each([
    ["a PNG called JPEG", "image/jpeg", PNG],
    ["no image at all", "image/png", "AAAA"],
    ["nothing", "image/png", ""],
  ] as const)(
    "an image that is %s is refused before the model is asked",
    async (_, mediaType, data) => {
      script = server.script(crypto.randomUUID(), [], { strict: true });
      const { error, events } = await box.run(native, {
        model,
        modelAccess: accessTo(script, dialect),
        prompt: [{ type: "image", mediaType, data }],
      });
      expect(error).toMatchObject({ code: "image_unreadable" });
      expect(events).toEqual([]);
      expect(script.asked).toEqual([]);
    },
  );

  test("a file is shown as what its bytes are, whatever it is called; one that is no image is refused", async () => {
    await writeFile(join(box.cwd, "shot.jpg"), Buffer.from(PNG, "base64"));
    await runTwice([{ text: "Seen." }], { prompt: [{ type: "file", path: "shot.jpg" }] });
    expect(JSON.stringify((await script.arrival(2)).body)).toContain("image/png");
    await writeFile(join(box.cwd, "shot.jpg"), "no image");
    const { error } = await box.run(native, {
      model,
      modelAccess: accessTo(script, dialect),
      prompt: [{ type: "file", path: "shot.jpg" }],
    });
    expect(error).toMatchObject({ code: "image_unreadable" });
  });

  test("steered media that cannot be shown are told to the model", async () => {
    const steering = new InputQueue();
    steering.push([{ type: "image", mediaType: "image/jpeg", data: PNG }]);
    const [first] = await runTwice([{ calls: [echo("one")] }, { text: "Done." }], { steering });
    expect(first?.error).toBeUndefined();
    expect((await script.arrival(2)).asked?.userTexts.join("\n")).toContain("cannot be shown");
  });
});

test("what an older version kept does not come in the way either", async () => {
  const script = server.script("old", [{ text: "First." }, { text: "Again." }], { strict: true });
  const wishes = {
    model: "anthropic/claude-opus-5-5",
    modelAccess: accessTo(script, "anthropic-messages"),
    tools: [],
  };
  const first = await box.run(native, wishes);
  const token = eventsOf(first.events, "session.bound")[0]?.token ?? "";
  const file = join(box.stateDir, "transcripts", `${token}.jsonl`);
  const call = { toolCallId: "call_0", name: "functions.x", input: {} };
  const use = { type: "tool_use", id: "call_0", name: "functions.x", input: {} };
  const raw = {
    model: "anthropic/claude-opus-5-5",
    content: [
      { type: "thinking", thinking: "hm", signature: "" },
      { type: "text", text: " " },
      use,
      use,
    ],
  };
  const turns = [
    { role: "user", parts: [{ type: "image", mediaType: "image/jpeg", data: PNG }] },
    { role: "model", text: " ", calls: [call, call], raw },
    { role: "tool", toolCallId: "call_0", name: "functions.x", text: "", failed: true },
  ];
  await writeFile(
    file,
    `${await readFile(file, "utf8")}${turns.map((turn) => JSON.stringify(turn)).join("\n")}\n`,
  );
  const second = await box.run(native, { ...wishes, prompt: "And now?", session: { token } });
  expect(second.events.at(-1)).toEqual({ type: "result", text: "Again." });
});
