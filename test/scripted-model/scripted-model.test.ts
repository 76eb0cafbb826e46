import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { piecesOf } from "./dialects/dialect.ts";
import type { ModelRequest, ScriptOptions, ScriptStep } from "./scripted-model.ts";
import { ScriptedModel } from "./scripted-model.ts";
import { renderCall } from "./intents.ts";
import type { PlayedScript } from "./played-script.ts";

let model: ScriptedModel;
beforeAll(async () => {
  model = await ScriptedModel.start();
});
afterAll(() => model.close());

let scripts = 0;
const script = (steps: readonly ScriptStep[], options?: ScriptOptions): PlayedScript =>
  model.script(`case-${scripts++}`, steps, options);
const anthropic = (played: PlayedScript): Anthropic =>
  new Anthropic({ baseURL: played.anthropicBaseUrl, apiKey: "k-1", maxRetries: 0 });
const openai = (played: PlayedScript): OpenAI =>
  new OpenAI({ baseURL: played.openaiBaseUrl, apiKey: "k-2", maxRetries: 0 });

const TEXT = "Grüße aus Köln: 日本語 and 👩‍💻 — done.";
const USAGE = { input: 500, output: 20, cached: 300 };
const STEP = {
  reasoning: "Hm — ja.",
  text: TEXT,
  calls: [{ intent: "shell", command: "echo ü" }],
  usage: USAGE,
} as const;
const bashParameters = { type: "object" as const, properties: { command: { type: "string" } } };

test("Anthropic's SDK reads a streamed step whole: thinking, text, call, usage", async () => {
  const played = script([STEP]);
  const stream = anthropic(played).messages.stream({
    model: "m",
    max_tokens: 100,
    messages: [{ role: "user", content: "hi" }],
    tools: [{ name: "Bash", input_schema: bashParameters }],
  });
  const deltas: string[] = [];
  stream.on("text", (text) => deltas.push(text));
  const message = await stream.finalMessage();
  expect(message.content).toMatchObject([
    { type: "thinking", thinking: "Hm — ja." },
    { type: "text", text: TEXT },
    { type: "tool_use", name: "Bash", input: { command: "echo ü" } },
  ]);
  expect(deltas.length).toBeGreaterThan(3);
  expect(message).toMatchObject({
    stop_reason: "tool_use",
    usage: { input_tokens: 200, cache_read_input_tokens: 300, output_tokens: 20 },
  });
  expect(played.requests).toMatchObject([
    { path: "/v1/messages", headers: { authorization: "Bearer k-1" }, step: 0 },
  ]);
});

test("OpenAI's SDK reads a streamed chat completion whole", async () => {
  const played = script([STEP]);
  const stream = openai(played).chat.completions.stream({
    model: "m",
    messages: [{ role: "user", content: "hi" }],
    tools: [{ type: "function", function: { name: "bash", parameters: bashParameters } }],
  });
  const completion = await stream.finalChatCompletion();
  expect(completion.choices[0]).toMatchObject({
    finish_reason: "tool_calls",
    message: {
      content: TEXT,
      tool_calls: [{ function: { name: "bash", arguments: '{"command":"echo ü"}' } }],
    },
  });
  expect((await stream.totalUsage()).prompt_tokens).toBe(500);
});

test("OpenAI's SDK reads a streamed response whole", async () => {
  const played = script([STEP]);
  const stream = openai(played).responses.stream({
    model: "m",
    input: "hi",
    tools: [
      {
        type: "function",
        name: "exec_command",
        strict: false,
        parameters: { type: "object", properties: { cmd: { type: "string" } } },
      },
    ],
  });
  const response = await stream.finalResponse();
  expect(response.output_text).toBe(TEXT);
  expect(response.output).toMatchObject([
    { type: "reasoning", summary: [{ text: "Hm — ja." }] },
    { type: "message" },
    { type: "function_call", name: "exec_command", arguments: '{"cmd":"echo ü"}' },
  ]);
  expect(response.usage).toMatchObject({
    input_tokens: 500,
    input_tokens_details: { cached_tokens: 300 },
    output_tokens: 20,
  });
  expect(played.requests[0]?.headers.authorization).toBe("Bearer k-2");
});

test("every dialect answers without a stream too", async () => {
  const played = script([{ text: "one" }, { text: "two" }, { text: "three" }]);
  const message = await anthropic(played).messages.create({
    model: "m",
    max_tokens: 9,
    messages: [{ role: "user", content: "a" }],
  });
  const chat = await openai(played).chat.completions.create({
    model: "m",
    messages: [{ role: "user", content: "b" }],
  });
  const response = await openai(played).responses.create({ model: "m", input: "c" });
  expect([message.content[0], chat.choices[0]?.message.content, response.output_text]).toEqual([
    { type: "text", text: "one" },
    "two",
    "three",
  ]);
  expect(played.asked.map((request) => request.asked?.userTexts)).toEqual([["a"], ["b"], ["c"]]);
});

const ask = (played: PlayedScript): Promise<OpenAI.ChatCompletion> =>
  openai(played).chat.completions.create({
    model: "m",
    messages: [{ role: "user", content: "hi" }],
  });
const askStreaming = async (played: PlayedScript): Promise<string> => {
  const stream = await openai(played).chat.completions.create({
    model: "m",
    stream: true,
    messages: [{ role: "user", content: "hi" }],
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
};

test("a fault comes as often as it says, then the next step", async () => {
  const played = script([
    { fault: { status: 429, retryAfterS: 1 }, times: 2 },
    { text: "at last" },
  ]);
  await expect(ask(played)).rejects.toMatchObject({ status: 429 });
  await expect(ask(played)).rejects.toMatchObject({ status: 429 });
  expect((await ask(played)).choices[0]?.message.content).toBe("at last");
  expect(played.requests.map((request) => request.state)).toEqual([
    "broken",
    "broken",
    expect.stringMatching(/done|open/),
  ]);
});

test.each([
  ["a cut stream", { cutAfterChunks: 2 }],
  ["a malformed frame", { malformedAfterChunks: 1 }],
  ["an error in the stream", { sseError: "overloaded" }],
  ["a reset connection", { refuse: true }],
] as const)("%s reaches the client as an error", async (_, fault) => {
  await expect(askStreaming(script([{ text: TEXT, fault }]))).rejects.toBeInstanceOf(Error);
});

test("a stalled stream stays open until the client goes, and counts as aborted", async () => {
  const played = script([{ text: TEXT, fault: { stallAfterChunks: 1 } }]);
  const controller = new AbortController();
  const stream = await openai(played).chat.completions.create(
    { model: "m", stream: true, messages: [{ role: "user", content: "hi" }] },
    { signal: controller.signal },
  );
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) controller.abort();
  await expect.poll(() => played.requests[0]?.state).toBe("aborted");
});

test("past the last step there is a plain text, or an error when strict", async () => {
  expect((await ask(script([]))).choices[0]?.message.content).toBe("The script has ended.");
  const strict = script([], { strict: true });
  await expect(ask(strict)).rejects.toMatchObject({ status: 400 });
  expect(strict.problems).toHaveLength(1);
});

test("a step can be made from the request, and a call that no tool can carry is a clear error", async () => {
  const played = script([
    (request) => ({ text: `You said ${request.userTexts.at(-1)} to ${request.model}` }),
    { calls: [{ intent: "mcp", server: "probe", tool: "echo", input: {} }] },
  ]);
  expect((await ask(played)).choices[0]?.message.content).toBe("You said hi to m");
  await expect(ask(played)).rejects.toThrow("offers: no tools");
  expect(played.problems).toHaveLength(1);
});

test("a request for a title uses up no step", async () => {
  const played = script([{ text: "the answer" }]);
  const messages = [
    { role: "system" as const, content: "You are a title generator." },
    { role: "user" as const, content: "hi" },
  ];
  const title = await openai(played).chat.completions.create({ model: "m", messages });
  expect(title.choices[0]?.message.content).toBe("A title");
  expect((await ask(played)).choices[0]?.message.content).toBe("the answer");
  expect(played.asked).toHaveLength(1);
});

test("models are listed, tokens are counted, and other paths are refused", async () => {
  const played = script([], { models: ["a", "b"] });
  const names = [];
  for await (const each of openai(played).models.list()) names.push(each.id);
  expect(names).toEqual(["a", "b"]);
  const count = await anthropic(played).messages.countTokens({
    model: "m",
    messages: [{ role: "user", content: "a" }],
  });
  expect(count.input_tokens).toBeGreaterThan(0);
  expect((await fetch(`${played.anthropicBaseUrl}/api/hello`, { method: "HEAD" })).status).toBe(
    200,
  );
  expect((await fetch(`${played.openaiBaseUrl}/nothing`)).status).toBe(404);
  expect((await fetch(`${model.url}/s/unknown/v1/models`)).status).toBe(404);
});

const request = (
  tools: ModelRequest["tools"],
  pastCalls: ModelRequest["pastCalls"] = [],
): ModelRequest => ({
  dialect: "openai-responses",
  model: "m",
  system: "",
  userTexts: [],
  tools,
  pastCalls,
  toolResults: [],
  stream: true,
  body: {},
});
const tool = (name: string, ...properties: string[]): ModelRequest["tools"][number] => ({
  name,
  kind: "function",
  description: "",
  properties: Object.fromEntries(properties.map((property) => [property, { type: "string" }])),
});

test("an edit becomes the harness's own edit tool, a freeform patch, code, or a heredoc", () => {
  const edit = { intent: "edit", path: "a.txt", oldText: "one\n", newText: "two\n" } as const;
  const patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch\n";
  expect(
    renderCall(edit, request([tool("Edit", "file_path", "old_string", "new_string")])),
  ).toMatchObject([
    { name: "Edit", input: { file_path: "a.txt", old_string: "one\n", new_string: "two\n" } },
  ]);
  expect(
    renderCall(
      edit,
      request([{ name: "apply_patch", kind: "custom", description: "", properties: {} }]),
    ),
  ).toMatchObject([{ kind: "custom", input: patch }]);
  expect(
    renderCall(
      edit,
      request([
        { name: "exec", namespace: "functions", kind: "custom", description: "", properties: {} },
      ]),
    ),
  ).toMatchObject([
    {
      kind: "custom",
      namespace: "functions",
      input: expect.stringContaining(`tools.apply_patch(${JSON.stringify(patch)})`),
    },
  ]);
  expect(renderCall(edit, request([tool("exec_command", "cmd")]))).toMatchObject([
    { input: { cmd: expect.stringContaining("apply_patch <<") } },
  ]);
});

test("an MCP tool is found by any of its names, and searched for once where it is hidden", () => {
  const call = { intent: "mcp", server: "probe", tool: "echo", input: { text: "x" } } as const;
  for (const offered of [
    tool("mcp__probe__echo"),
    tool("probe_echo"),
    { ...tool("echo"), namespace: "mcp__probe__" },
  ]) {
    expect(renderCall(call, request([offered]))).toMatchObject([
      { name: offered.name, input: { text: "x" } },
    ]);
  }
  const search = { name: "ToolSearch", kind: "search", description: "", properties: {} } as const;
  const hidden = {
    ...request([search]),
    body: { messages: [{ role: "user", content: "Hidden: mcp__probe__echo" }] },
  };
  const [searched] = renderCall(call, hidden) ?? [];
  expect(searched).toMatchObject({ kind: "search", input: { query: "select:mcp__probe__echo" } });
  expect(() => renderCall(call, { ...hidden, pastCalls: [searched!] })).toThrow(
    "the tool echo of the MCP server probe",
  );
});

test("a plan is left out, with its step, for a harness that has no tool for it", async () => {
  const plan = { intent: "plan", steps: [{ text: "a", status: "pending" }] } as const;
  expect(
    (await ask(script([{ text: "a plan", calls: [plan] }, { text: "the end" }]))).choices[0]
      ?.message.content,
  ).toBe("the end");
  expect(renderCall(plan, request([tool("todowrite", "todos")]))).toMatchObject([
    { input: { todos: [{ content: "a", status: "pending" }] } },
  ]);
  const code = {
    name: "exec",
    kind: "custom",
    description: "### update_plan",
    properties: {},
  } as const;
  expect(renderCall(plan, request([code]))).toMatchObject([
    { input: expect.stringContaining('{"plan":[{"step":"a"') },
  ]);
});

test("an answer under a schema goes by the harness's tool for it, or as text", async () => {
  const answer = { intent: "answer", json: { n: 1 } } as const;
  expect((await ask(script([{ calls: [answer] }]))).choices[0]?.message.content).toBe('{"n":1}');
  expect(renderCall(answer, request([tool("StructuredOutput")]))).toMatchObject([
    { name: "StructuredOutput", input: { n: 1 } },
  ]);
});

test("the pieces of a text join to the text, and never part a character", () => {
  const pieces = piecesOf(TEXT);
  expect(pieces.join("")).toBe(TEXT);
  expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
  expect(piecesOf("x".repeat(100_000)).length).toBeLessThanOrEqual(200);
});
