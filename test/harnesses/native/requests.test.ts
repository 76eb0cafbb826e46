// What each dialect's server is asked for: caching, effort, thinking, formats, tools.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ModelRequest } from "../../../harnesses/native/models/model.ts";
import { openModel } from "../../../harnesses/native/models/open-model.ts";
import { userText, type Turn } from "../../../harnesses/native/models/turn.ts";
import type { ModelDialect } from "../../../harnesses/providers.ts";
import { ScriptedModel } from "../../scripted-model/scripted-model.ts";
import { accessTo } from "../harness-context.ts";

let server: ScriptedModel;
beforeAll(async () => {
  server = await ScriptedModel.start();
});
afterAll(() => server.close());

const SCHEMA = {
  type: "object",
  properties: { a: { type: "integer", minimum: 1 } },
  required: ["a"],
};
const CLOSED = {
  type: "object",
  properties: { a: { type: "integer" } },
  required: ["a"],
  additionalProperties: false,
};
const TOOL = { name: "t", description: "T.", inputSchema: { type: "object", properties: {} } };

async function bodyOf(
  dialect: ModelDialect,
  model: string,
  wishes: Partial<ModelRequest> = {},
): Promise<Record<string, unknown>> {
  const script = server.script("requests", [{ text: "ok" }]);
  const request: ModelRequest = {
    turns: [userText("hi")],
    system: "S",
    tools: [],
    messageId: "m",
    cacheKey: "key",
    takenCallIds: new Set(),
    stallMs: 5_000,
    signal: new AbortController().signal,
    ...wishes,
  };
  const reply = openModel(accessTo(script, dialect)(model)).reply(request);
  while (!(await reply.next()).done);
  return (await script.arrival(1)).body as Record<string, unknown>;
}

const history = (model: string, content: unknown): Turn[] => [
  userText("one"),
  {
    role: "model",
    text: "calling",
    calls: [{ toolCallId: "call.1:x", name: "t", input: { a: 1 } }],
    raw: { model, content },
  },
  { role: "tool", toolCallId: "call.1:x", name: "t", text: "answer", failed: true },
  userText("two"),
];

test("anthropic: system and the last two user messages are cached, thinking is shown, effort and format travel in output_config", async () => {
  const body = await bodyOf("anthropic-messages", "anthropic/claude-opus-5-5", {
    turns: history("other/model", null),
    effort: "high",
    schema: SCHEMA,
    tools: [TOOL],
  });
  expect(body["system"]).toMatchObject([{ text: "S", cache_control: { type: "ephemeral" } }]);
  expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(3);
  expect(body["thinking"]).toEqual({ type: "adaptive", display: "summarized" });
  expect(body["output_config"]).toEqual({
    effort: "high",
    format: { type: "json_schema", schema: CLOSED },
  });
  expect(body["tool_choice"]).toBeUndefined();
});

test("anthropic: an older model is given a thinking budget, and only when an effort is asked for", async () => {
  const asked = await bodyOf("anthropic-messages", "anthropic/claude-haiku-4-5", {
    effort: "medium",
    maxOutputTokens: 4_000,
  });
  expect(asked).toMatchObject({
    max_tokens: 4_000,
    thinking: { type: "enabled", budget_tokens: 2_976 },
  });
  expect(asked["output_config"]).toBeUndefined();
  expect(
    (await bodyOf("anthropic-messages", "anthropic/claude-haiku-4-5"))["thinking"],
  ).toBeUndefined();
});

test("anthropic: another model's history is told without its signatures, under ids that the server takes", async () => {
  const body = await bodyOf("anthropic-messages", "anthropic/claude-opus-5-5", {
    turns: history("openai/gpt", [{ encrypted_content: "x" }]),
  });
  expect(body["messages"]).toMatchObject([
    { role: "user", content: [{ text: "one" }] },
    {
      role: "assistant",
      content: [{ text: "calling" }, { type: "tool_use", id: "call_1_x", input: { a: 1 } }],
    },
    {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "call_1_x", is_error: true }, { text: "two" }],
    },
  ]);
  expect(JSON.stringify(body)).not.toContain("encrypted_content");
});

test("responses: nothing is stored, reasoning comes sealed, the cache key and a strict format are given", async () => {
  const body = await bodyOf("openai-responses", "openai/gpt-6-sol", {
    effort: "low",
    schema: SCHEMA,
  });
  expect(body).toMatchObject({
    store: false,
    prompt_cache_key: "key",
    include: ["reasoning.encrypted_content"],
    reasoning: { effort: "low", summary: "auto" },
    text: { format: { type: "json_schema", strict: true, schema: CLOSED } },
  });
});

test("responses: a schema beyond strict mode is given as it is, and a model that does not reason is not asked to", async () => {
  const schema = { type: "object", additionalProperties: { type: "string" } };
  const body = await bodyOf("openai-responses", "openai/gpt-4.1", { schema });
  expect(body["text"]).toEqual({
    format: { type: "json_schema", name: "result", strict: false, schema },
  });
  expect(body["reasoning"]).toBeUndefined();
  expect(body["include"]).toBeUndefined();
});

test("responses: the same model gets its own items back, another plain ones", async () => {
  const own = [
    { type: "reasoning", id: "rs", summary: [], encrypted_content: "sealed" },
    { type: "function_call", call_id: "call.1:x", name: "t", arguments: "{}" },
  ];
  const same = await bodyOf("openai-responses", "openai/gpt-6-sol", {
    turns: history("openai/gpt-6-sol", own),
  });
  expect(JSON.stringify(same["input"])).toContain("sealed");
  const other = await bodyOf("openai-responses", "openai/gpt-6-luna", {
    turns: history("openai/gpt-6-sol", own),
  });
  expect(JSON.stringify(other["input"])).not.toContain("sealed");
  expect(other["input"]).toMatchObject([
    {},
    { role: "assistant", content: "calling" },
    { type: "function_call", call_id: "call_1_x" },
    { type: "function_call_output", call_id: "call_1_x" },
    { role: "user" },
  ]);
});

test("chat: a format is asked for only where no tool can be called, since local servers would hold tool calls to it too", async () => {
  const withTools = await bodyOf("openai-chat", "vllm/m", { schema: SCHEMA, tools: [TOOL] });
  expect(withTools["response_format"]).toBeUndefined();
  const again = await bodyOf("openai-chat", "vllm/m", {
    schema: SCHEMA,
    tools: [TOOL],
    answerOnly: true,
  });
  expect(again).toMatchObject({
    tool_choice: "none",
    response_format: { type: "json_schema", json_schema: { schema: CLOSED, strict: true } },
  });
});

test("chat: gateways are asked for cost and reasoning in their own words, others in OpenAI's", async () => {
  expect(await bodyOf("openai-chat", "openrouter/a/b", { effort: "high" })).toMatchObject({
    usage: { include: true },
    reasoning: { effort: "high" },
  });
  const local = await bodyOf("openai-chat", "ollama/m", { effort: "high" });
  expect(local).toMatchObject({
    reasoning_effort: "high",
    stream_options: { include_usage: true },
  });
  expect(local["usage"]).toBeUndefined();
});

test("chat: Claude behind OpenRouter is told what to cache, behind Vercel the gateway does it", async () => {
  const body = await bodyOf("openai-chat", "openrouter/anthropic/claude-opus-5.5", {
    turns: history("other", null),
  });
  const marked = (body["messages"] as { role: string; content: unknown }[]).filter(({ content }) =>
    JSON.stringify(content).includes("cache_control"),
  );
  expect(marked.map(({ role }) => role)).toEqual(["system", "user"]);
  expect(await bodyOf("openai-chat", "vercel/anthropic/claude-opus-5.5")).toMatchObject({
    providerOptions: { gateway: { caching: "auto" } },
  });
});

test("a model gets its calls' answers back under the ids that it gave, however odd", async () => {
  const raw = [{ type: "function_call", call_id: "call.1:x", name: "t", arguments: "{}" }];
  const body = await bodyOf("openai-responses", "openai/gpt-6-sol", {
    turns: history("openai/gpt-6-sol", raw),
  });
  expect(body["input"]).toMatchObject([
    {},
    { call_id: "call.1:x" },
    { type: "function_call_output", call_id: "call.1:x" },
    {},
  ]);
});
