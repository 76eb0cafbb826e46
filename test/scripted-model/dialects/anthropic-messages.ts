// Anthropic's Messages API.
import type { ModelRequest, OfferedTool, Reply, ToolCall } from "../script.ts";
import { contentText, inputText, objectOf, objectsOf, piecesOf, textFrom } from "./dialect.ts";
import type { Dialect, Frame, JsonObject } from "./dialect.ts";

export const anthropicMessages: Dialect = {
  name: "anthropic-messages",
  path: "/v1/messages",

  read(body): ModelRequest {
    const messages = objectsOf(body["messages"]);
    const blocks = messages.flatMap((message) => objectsOf(message["content"]));
    const users = messages.filter((message) => message["role"] === "user");
    return {
      dialect: "anthropic-messages",
      model: textFrom(body["model"]),
      system: contentText(body["system"]),
      userTexts: users
        .map((message) => contentText(message["content"]))
        .filter((text) => text.trim() !== ""),
      tools: objectsOf(body["tools"]).map(readTool),
      pastCalls: blocks
        .filter((block) => block["type"] === "tool_use")
        .map((block) => ({ name: textFrom(block["name"]), input: block["input"] })),
      toolResults: blocks
        .filter((block) => block["type"] === "tool_result")
        .map((block) => contentText(block["content"])),
      stream: body["stream"] === true,
      body,
    };
  },

  *frames(reply): Generator<Frame> {
    const { input, cached, output } = reply.usage;
    const begun = Math.min(1, output);
    const usage = {
      input_tokens: input - cached,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
      output_tokens: begun,
    };
    const message = {
      ...envelope(reply),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    };
    yield named({ type: "message_start", message });
    yield named({ type: "ping" });
    let index = 0;
    for (const block of blocksOf(reply)) yield* blockFrames(block, index++);
    const delta = { stop_reason: stopReason(reply), stop_sequence: null };
    yield named({
      type: "message_delta",
      delta,
      usage: { ...usage, output_tokens: reply.usage.output },
    });
    yield named({ type: "message_stop" });
  },

  whole(reply): JsonObject {
    const { input, output, cached } = reply.usage;
    const usage = {
      input_tokens: input - cached,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: 0,
      output_tokens: output,
    };
    return {
      ...envelope(reply),
      content: blocksOf(reply),
      stop_reason: stopReason(reply),
      stop_sequence: null,
      usage,
    };
  },

  errorBody: (status, message) => ({ type: "error", error: { type: errorType(status), message } }),
  errorFrame: (message) => named({ type: "error", error: { type: "overloaded_error", message } }),
};

function readTool(tool: JsonObject): OfferedTool {
  return {
    name: textFrom(tool["name"]),
    kind: tool["name"] === "ToolSearch" ? "search" : "function",
    description: textFrom(tool["description"]),
    properties: objectOf(objectOf(tool["input_schema"])["properties"]) as OfferedTool["properties"],
  };
}

function named(data: JsonObject): Frame {
  return { event: textFrom(data["type"]), data };
}

function envelope(reply: Reply): JsonObject {
  return { id: reply.id, type: "message", role: "assistant", model: reply.model };
}

function blocksOf(reply: Reply): JsonObject[] {
  const blocks: JsonObject[] = [];
  if (reply.reasoning !== "")
    blocks.push({ type: "thinking", thinking: reply.reasoning, signature: "c2lnbmVk" });
  if (reply.text !== "") blocks.push({ type: "text", text: reply.text });
  return [...blocks, ...reply.calls.map(callBlock)];
}

function callBlock(call: ToolCall): JsonObject {
  return { type: "tool_use", id: call.id, name: call.name, input: call.input };
}

function* blockFrames(block: JsonObject, index: number): Generator<Frame> {
  const delta = (fields: JsonObject): Frame => ({
    ...named({ type: "content_block_delta", index, delta: fields }),
    chunk: true,
  });
  const start = (content_block: JsonObject): Frame =>
    named({ type: "content_block_start", index, content_block });
  if (block["type"] === "thinking") {
    yield start({ type: "thinking", thinking: "", signature: "" });
    for (const thinking of piecesOf(textFrom(block["thinking"])))
      yield delta({ type: "thinking_delta", thinking });
    yield delta({ type: "signature_delta", signature: block["signature"] });
  } else if (block["type"] === "text") {
    yield start({ type: "text", text: "" });
    for (const text of piecesOf(textFrom(block["text"]))) yield delta({ type: "text_delta", text });
  } else {
    yield start({ ...block, input: {} });
    for (const partial_json of piecesOf(inputText(block["input"])))
      yield delta({ type: "input_json_delta", partial_json });
  }
  yield named({ type: "content_block_stop", index });
}

function stopReason(reply: Reply): string {
  return reply.stop ?? (reply.calls.length > 0 ? "tool_use" : "end_turn");
}

function errorType(status: number): string {
  const types: Record<number, string> = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
  };
  return types[status] ?? "api_error";
}
