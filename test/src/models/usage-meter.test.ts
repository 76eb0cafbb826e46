// What the gateway reads from the answers that pass through it.
import { expect, test } from "vitest";
import { UsageMeter, type TokenUse } from "../../../src/models/usage-meter.ts";

/** Reads an answer in pieces of so many bytes. */
function read(
  contentType: string,
  text: string,
  pieceBytes = 7,
): { use: TokenUse | null; error: string | null } {
  const meter = readAll(contentType, text, pieceBytes);
  return { use: meter.end(), error: meter.error };
}

function readAll(contentType: string, text: string, pieceBytes = 7): UsageMeter {
  const meter = new UsageMeter(contentType);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    meter.read(bytes.subarray(at, at + pieceBytes));
  return meter;
}

const stream = (...data: unknown[]): string =>
  data.map((each) => `event: x\ndata: ${JSON.stringify(each)}\n\n`).join("");
const counts = (
  input: number,
  output: number,
  cached: number,
  written = 0,
  reasoning = 0,
  cost: number | null = null,
) => ({
  inputTokens: input,
  outputTokens: output,
  cachedInputTokens: cached,
  cacheWriteTokens: written,
  reasoningTokens: reasoning,
  reportedCostUsd: cost,
});

const OF_ANTHROPIC = {
  input_tokens: 100,
  cache_read_input_tokens: 800,
  cache_creation_input_tokens: 50,
  output_tokens: 64,
};
const OF_RESPONSES = {
  input_tokens: 900,
  input_tokens_details: { cached_tokens: 800 },
  output_tokens: 64,
  output_tokens_details: { reasoning_tokens: 10 },
};
const OF_CHAT = {
  prompt_tokens: 900,
  prompt_tokens_details: { cached_tokens: 800 },
  completion_tokens: 64,
  cost: 0.01,
};

test.for([
  [
    "Anthropic Messages",
    { type: "message", model: "m", usage: OF_ANTHROPIC },
    counts(950, 64, 800, 50),
  ],
  [
    "Responses",
    { object: "response", model: "m", usage: OF_RESPONSES },
    counts(900, 64, 800, 0, 10),
  ],
  [
    "chat completions",
    { object: "chat.completion", model: "m", usage: OF_CHAT },
    counts(900, 64, 800, 0, 0, 0.01),
  ],
] as const)("a whole answer in %s is counted", ([, answer, wanted]) => {
  expect(read("application/json; charset=utf-8", JSON.stringify(answer)).use).toEqual({
    model: "m",
    ...wanted,
  });
});

test("a stream of Anthropic Messages is counted from its start and its end, once", () => {
  const start = {
    type: "message_start",
    message: { model: "m", usage: { ...OF_ANTHROPIC, output_tokens: 1 } },
  };
  const text = stream(
    start,
    { type: "content_block_delta", delta: { text: 'says "usage"' } },
    { type: "message_delta", usage: { output_tokens: 64 } },
  );
  expect(read("text/event-stream", text).use).toEqual({ model: "m", ...counts(950, 64, 800, 50) });
});

test("a stream of Responses is counted from its last event", () => {
  const text = stream(
    { type: "response.created", response: { model: "m", usage: null } },
    { type: "response.completed", response: { model: "m", usage: OF_RESPONSES } },
  );
  expect(read("text/event-stream", text).use).toEqual({
    model: "m",
    ...counts(900, 64, 800, 0, 10),
  });
});

test("a stream of chat completions is counted from its last chunk, with CRLF and without an end too", () => {
  const text = stream(
    { model: "m", choices: [], usage: null },
    { model: "m", choices: [], usage: OF_CHAT },
  ).replaceAll("\n", "\r\n");
  const wanted = { model: "m", ...counts(900, 64, 800, 0, 0, 0.01) };
  expect(read("text/event-stream", text).use).toEqual(wanted);
  expect(read("text/event-stream", text.trimEnd()).use).toEqual(wanted);
});

test.for([
  [
    "a refusal",
    "application/json",
    JSON.stringify({ type: "error", error: { type: "x", message: "No such key" } }),
    "No such key",
  ],
  [
    "an error event of Anthropic's",
    "text/event-stream",
    stream({ type: "error", error: { message: "Overloaded" } }),
    "Overloaded",
  ],
  [
    "a failed response",
    "text/event-stream",
    stream({ type: "response.failed", response: { error: { message: "Broken" } } }),
    "Broken",
  ],
  ["a chat error", "text/event-stream", stream({ error: { message: "Gone" } }), "Gone"],
] as const)("%s is known by its words", ([, type, text, words]) => {
  expect(read(type, text)).toEqual({ use: null, error: words });
});

const refused = (words: string) => ({
  object: "response",
  output: [{ type: "message", content: [{ type: "refusal", refusal: words }] }],
});

test.for([
  [
    "Anthropic Messages",
    "text/event-stream",
    stream({ type: "message_delta", delta: { stop_reason: "refusal" }, usage: {} }),
    "",
  ],
  [
    "Anthropic Messages, whole",
    "application/json",
    JSON.stringify({ type: "message", content: [], stop_reason: "refusal" }),
    "",
  ],
  [
    "Responses",
    "text/event-stream",
    stream({ type: "response.completed", response: { ...refused("No."), usage: {} } }),
    "No.",
  ],
  ["Responses, whole", "application/json", JSON.stringify(refused("No.")), "No."],
  [
    "chat completions",
    "text/event-stream",
    stream({ choices: [{ delta: { refusal: "No." } }] }, { choices: [{ delta: {} }] }),
    "No.",
  ],
  [
    "chat completions, whole",
    "application/json",
    JSON.stringify({ choices: [{ message: { content: null, refusal: "No." } }] }),
    "No.",
  ],
  [
    "an answer that only speaks of one",
    "text/event-stream",
    stream({ choices: [{ delta: { content: '"refusal":"No."' } }] }),
    null,
  ],
  [
    "an answer without one",
    "text/event-stream",
    stream({ choices: [{ delta: { content: "Yes", refusal: null } }] }),
    null,
  ],
] as const)("a refusal in %s is known", ([, type, text, words]) => {
  const meter = readAll(type, text);
  meter.end();
  expect(meter.refusal).toBe(words);
});

test("text that speaks of errors and usage is none", () => {
  const text = stream({
    choices: [
      { delta: { content: '{"error": {"message": "quoted"}, "usage": {"input_tokens": 9}}' } },
    ],
  });
  expect(read("text/event-stream", text)).toEqual({ use: null, error: null });
});

test("what is not JSON, or too long to be read, is passed by; what follows it is read", () => {
  expect(read("application/json", "<html>")).toEqual({ use: null, error: null });
  expect(read("application/json", `"${"x".repeat(5_000_000)}"`, 65_536).use).toBeNull();
  const long = `data: ${"x".repeat(5_000_000)}"usage"\n\n`;
  expect(
    read("text/event-stream", long + stream({ model: "m", usage: OF_CHAT }), 65_536).use
      ?.inputTokens,
  ).toBe(900);
});
