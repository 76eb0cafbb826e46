// Servers that nearly speak their dialect: each stream here is one that a real server was reported to send.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { native } from "../../../harnesses/native.ts";
import type { ModelDialect } from "../../../harnesses/providers.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../../scripted-model/scripted-model.ts";
import { accessTo, eventsOf, TestBox, type SeenRun } from "../harness-context.ts";
import { commandTool } from "./box-tools.ts";

let server: ScriptedModel;
let box: TestBox;
let script: PlayedScript;
beforeAll(async () => {
  server = await ScriptedModel.start();
});
afterAll(() => server.close());
beforeEach(async () => {
  box = await TestBox.make();
});
afterEach(() => box.close());

const MODELS: Readonly<Record<ModelDialect, string>> = {
  "anthropic-messages": "anthropic/claude-opus-5-5",
  "openai-responses": "openai/gpt-6-sol",
  "openai-chat": "vllm/some-model",
};
const OPTIONS = { retryDelayMs: 1, maxAttempts: 3, stallMs: 10_000 };

function run(dialect: ModelDialect, ...steps: ScriptStep[]): Promise<SeenRun> {
  script = server.script(crypto.randomUUID(), steps, { strict: true });
  return box.run(native, {
    model: MODELS[dialect],
    modelAccess: accessTo(script, dialect),
    tools: [commandTool],
    options: OPTIONS,
  });
}
const commandsOf = ({ events }: SeenRun): unknown[] =>
  eventsOf(events, "tool.started").map(({ input }) => (input as { command?: unknown }).command);
const answerOf = ({ events }: SeenRun): string | undefined => eventsOf(events, "result")[0]?.text;

describe("chat completions", () => {
  const chunk = (delta: object, finish_reason: string | null = null): object => ({
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const piece = (fields: object): object => chunk({ tool_calls: [fields] });
  const made = (args: unknown): object => ({ name: "shell_exec", arguments: args });
  const ends = [chunk({}, "tool_calls"), "[DONE]"];
  const echo = (word: string): string => JSON.stringify({ command: `echo ${word}` });

  test.each([
    [
      "two calls that both say index 0, with ids of their own",
      [
        piece({ index: 0, id: "a", function: made(echo("one")) }),
        piece({ index: 0, id: "b", function: made(echo("two")) }),
      ],
    ],
    [
      "two whole calls that both say index 0, without ids",
      [
        piece({ index: 0, id: "", function: made(echo("one")) }),
        piece({ index: 0, id: "", function: made(echo("two")) }),
      ],
    ],
    [
      "pieces with neither index nor id",
      [
        piece({ id: "a", function: made('{"command":"echo ') }),
        piece({ function: { arguments: 'one"}' } }),
        piece({ id: "b", function: made('{"command":') }),
        piece({ function: { arguments: '"echo two"}' } }),
      ],
    ],
    [
      "ids that come late",
      [
        piece({ index: 0, function: made('{"command":') }),
        piece({ index: 0, id: "a", function: { arguments: '"echo one"}' } }),
        piece({ index: 1, function: made("") }),
        piece({ index: 1, id: "b", function: { arguments: echo("two") } }),
      ],
    ],
    [
      "arguments before the name, without an index (vercel/ai#15879)",
      [
        piece({ id: "a", function: { arguments: '{"command":' } }),
        piece({ id: "a", function: made('"echo one"}') }),
        piece({ id: "b", function: made(echo("two")) }),
      ],
    ],
    [
      "arguments under another index than the call's (LibreChat#13987)",
      [
        piece({ index: 0, id: "a", function: made("") }),
        piece({ index: 1, function: { arguments: echo("one") } }),
        piece({ index: 2, id: "b", function: made("") }),
        piece({ index: 3, function: { arguments: echo("two") } }),
      ],
    ],
    [
      "arguments as objects",
      [
        piece({ index: 0, id: "a", function: made({ command: "echo one" }) }),
        piece({ index: 1, id: "b", function: made({ command: "echo two" }) }),
      ],
    ],
    [
      "names that are repeated with each piece",
      [
        piece({ index: 0, id: "a", function: made('{"command":') }),
        piece({ index: 0, id: "a", function: made('"echo one"}') }),
        piece({ index: 1, id: "b", function: made(echo("two")) }),
      ],
    ],
  ])("%s are the two calls that were meant", async (_, pieces) => {
    const seen = await run("openai-chat", { raw: [...pieces, ...ends] }, { text: "Both." });
    expect(commandsOf(seen)).toEqual(["echo one", "echo two"]);
    expect(answerOf(seen)).toBe("Both.");
    expect((await script.arrival(2)).asked?.toolResults).toEqual([
      expect.stringContaining("one"),
      expect.stringContaining("two"),
    ]);
  });

  test("a stream that ends with [DONE] and no finish reason is a whole answer; one that just ends is not", async () => {
    expect(
      answerOf(await run("openai-chat", { raw: [chunk({ content: "All." }), "[DONE]"] })),
    ).toBe("All.");
    const cut = await run("openai-chat", { raw: [chunk({ content: "Hal" })] }, { text: "Whole." });
    expect(eventsOf(cut.events, "notice")).toMatchObject([{ data: { cause: "stream_cut" } }]);
    expect(answerOf(cut)).toBe("Whole.");
  });

  test.each(["malformed_function_call", "error", "a_new_word"])(
    "%s is no good end: asked for again, and in the end said",
    async (word) => {
      const bad = { raw: [chunk({ content: "Half" }), chunk({}, word), "[DONE]"] };
      expect(answerOf(await run("openai-chat", bad, { text: "Whole." }))).toBe("Whole.");
      const { error } = await run("openai-chat", { ...bad, times: 3 });
      expect(error).toMatchObject({
        code: "reply_failed",
        message: expect.stringContaining(word) as string,
      });
    },
  );

  test("content in parts, as Mistral's reasoning models send it, is text and reasoning", async () => {
    const parts = [
      { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
      { type: "text", text: "Yes." },
    ];
    const seen = await run("openai-chat", { raw: [chunk({ content: parts }, "stop"), "[DONE]"] });
    expect(answerOf(seen)).toBe("Yes.");
    expect(eventsOf(seen.events, "reasoning")).toMatchObject([{ text: "Hm." }]);
  });
});

describe("Anthropic messages", () => {
  const start = { type: "message_start", message: { usage: { input_tokens: 3 } } };
  const begin = (index: number, content_block: object) => ({
    type: "content_block_start",
    index,
    content_block,
  });
  const end = (stop_reason: string) => [
    { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ];

  test("the whole input in content_block_start is the call's input", async () => {
    const block = {
      type: "tool_use",
      id: "toolu_1",
      name: "shell_exec",
      input: { command: "echo one" },
    };
    const seen = await run(
      "anthropic-messages",
      { raw: [start, begin(0, block), ...end("tool_use")] },
      { text: "Done." },
    );
    expect(commandsOf(seen)).toEqual(["echo one"]);
    expect(answerOf(seen)).toBe("Done.");
    expect(JSON.stringify((await script.arrival(2)).body)).toContain("echo one");
  });

  test("what a server leaves out is never said as undefined or [object Object]", async () => {
    const seen = await run(
      "anthropic-messages",
      {
        raw: [
          { type: "message_start" },
          begin(0, { type: "thinking" }),
          {
            type: "content_block_delta",
            index: 0,
            delta: { type: "thinking_delta", thinking: "Hm." },
          },
          {
            type: "content_block_delta",
            index: 0,
            delta: { type: "signature_delta", signature: "c2ln" },
          },
          { type: "content_block_delta", index: 0, delta: { type: "thinking_delta" } },
          begin(1, { type: "text" }),
          { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "I look." } },
          {
            type: "content_block_delta",
            index: 1,
            delta: { type: "text_delta", text: { odd: true } },
          },
          begin(2, { type: "tool_use", name: "shell_exec" }),
          { type: "content_block_delta", index: 2, delta: { type: "input_json_delta" } },
          {
            type: "content_block_delta",
            index: 2,
            delta: { type: "input_json_delta", partial_json: '{"command":"echo one"}' },
          },
          ...end("tool_use"),
        ],
      },
      { text: "Done." },
    );
    expect(answerOf(seen)).toBe("Done.");
    const said = JSON.stringify([seen.events, (await script.arrival(2)).body]);
    expect(said).not.toMatch(/undefined|\[object Object\]/);
    expect(said).toContain('"signature":"c2ln"');
    expect(eventsOf(seen.events, "message")[0]?.text).toBe("I look.");
  });

  test("thinking without a signature does not go back", async () => {
    const seen = await run(
      "anthropic-messages",
      {
        raw: [
          start,
          begin(0, { type: "thinking", thinking: "unsigned thoughts" }),
          begin(1, {
            type: "tool_use",
            id: "toolu_1",
            name: "shell_exec",
            input: { command: "echo one" },
          }),
          ...end("tool_use"),
        ],
      },
      { text: "Done." },
    );
    expect(answerOf(seen)).toBe("Done.");
    expect(JSON.stringify((await script.arrival(2)).body)).not.toContain("unsigned thoughts");
  });
});

describe.each(Object.keys(MODELS) as ModelDialect[])("in %s", (dialect) => {
  test("a reply of reasoning alone is asked for once more, and a second one is hollow", async () => {
    const again = await run(dialect, { reasoning: "I only think." }, { text: "Here." });
    expect(answerOf(again)).toBe("Here.");
    expect((await script.arrival(2)).asked?.userTexts.at(-1)).toContain(
      "neither an answer nor a tool call",
    );
    const { error } = await run(
      dialect,
      { reasoning: "I only think." },
      { reasoning: "And think." },
    );
    expect(error).toMatchObject({ code: "hollow_completion" });
  });

  test.each([
    ["as one", { error: { message: "Insufficient credits", code: 402 } }, "quota_exceeded"],
    ["in words alone", { error: "Insufficient credits" }, "quota_exceeded"],
    [
      "of a model that is not there",
      { error: { message: "no such model", type: "not_found_error" } },
      "model_not_found",
    ],
    ["in words that nobody knows", { error: { message: "the moon is wrong" } }, "invalid_request"],
    ["as plain JSON", { answer: 42, text: "the moon is wrong" }, "malformed_stream"],
  ])("a 200 that holds an error %s says it at once", async (_, body, code) => {
    const { error, events } = await run(dialect, { fault: { status: 200, body }, times: 3 });
    const said = JSON.stringify(body).includes("moon")
      ? "the moon is wrong"
      : /Insufficient|no such/;
    expect(error).toMatchObject({ code, message: expect.stringMatching(said) as string });
    expect(eventsOf(events, "notice")).toEqual([]);
    expect(script.asked).toHaveLength(1);
  });

  test("an error in a 200 that will pass is tried again", async () => {
    const body = { error: { message: "Rate limit exceeded", code: 429 } };
    expect(answerOf(await run(dialect, { fault: { status: 200, body } }, { text: "Here." }))).toBe(
      "Here.",
    );
  });

  test.each(["", "0", " 0 ", new Date(0).toUTCString()])(
    "Retry-After %j is as if it were not there: the pauses grow",
    async (retryAfterS) => {
      const { events } = await run(
        dialect,
        { fault: { status: 429, retryAfterS }, times: 2 },
        { text: "Here." },
      );
      const pauses = eventsOf(events, "notice").map(({ data }) => Number(data?.["delayMs"]));
      expect(pauses).toHaveLength(2);
      expect(pauses.every((pause) => pause >= 1)).toBe(true);
    },
  );

  test.each([
    [
      "llama.cpp",
      500,
      "the request exceeds the available context size. try increasing the context size",
    ],
    ["Bedrock", 400, "Input is too long for requested model."],
    [
      "Gemini",
      400,
      "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
    ],
    [
      "xAI",
      400,
      "This model's maximum prompt length is 131072 but the request contains 136973 tokens.",
    ],
    ["Groq", 400, "Please reduce the length of the messages or completion."],
    ["Kimi", 400, "Invalid request: Your request exceeded model token limit: 262144"],
    ["Ollama", 400, "prompt too long; exceeded max context length by 12 tokens"],
    [
      "vLLM",
      400,
      "The decoder prompt (length 21535) is longer than the maximum model length of 16384.",
    ],
    [
      "OpenRouter",
      400,
      "This endpoint's maximum context length is 131072 tokens. However, you requested about 138956 tokens.",
    ],
  ])("%s's words for too long are summed up for", async (_, status, message) => {
    const body = { error: { message, type: "invalid_request_error" } };
    const seen = await run(
      dialect,
      { text: "I look.", calls: [{ tool: "shell_exec", input: { command: "true" } }] },
      { fault: { status, body } },
      { text: "The summary." },
      { text: "Done." },
    );
    expect(answerOf(seen)).toBe("Done.");
    expect(eventsOf(seen.events, "notice")).toMatchObject([{ code: "compaction" }]);
  });
});
