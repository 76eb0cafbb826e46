// OpenAI's chat completions, as many other servers speak them too.
import type { ModelRequest, OfferedTool, Reply, ToolCall } from "../script.ts";
import {
  contentText,
  inputText,
  objectOf,
  objectsOf,
  parseInput,
  piecesOf,
  textFrom,
} from "./dialect.ts";
import type { Dialect, Frame, JsonObject } from "./dialect.ts";

export const openaiChat: Dialect = {
  name: "openai-chat",
  path: "/v1/chat/completions",

  read(body): ModelRequest {
    const messages = objectsOf(body["messages"]);
    const textsOf = (...roles: string[]): string[] =>
      messages
        .filter((message) => roles.includes(textFrom(message["role"])))
        .map((message) => contentText(message["content"]));
    const calls = messages
      .flatMap((message) => objectsOf(message["tool_calls"]))
      .map((call) => objectOf(call["function"]));
    return {
      dialect: "openai-chat",
      model: textFrom(body["model"]),
      system: textsOf("system", "developer").join("\n"),
      userTexts: textsOf("user"),
      tools: objectsOf(body["tools"]).map((tool) => readTool(objectOf(tool["function"]))),
      pastCalls: calls.map((call) => ({
        name: textFrom(call["name"]),
        input: parseInput(call["arguments"]),
      })),
      toolResults: textsOf("tool"),
      stream: body["stream"] === true,
      body,
    };
  },

  *frames(reply): Generator<Frame> {
    const chunk = (delta: JsonObject, finish: string | null = null): Frame => ({
      data: {
        ...envelope(reply, "chat.completion.chunk"),
        choices: [{ index: 0, delta, finish_reason: finish }],
      },
    });
    yield chunk({ role: "assistant", content: "" });
    for (const reasoning_content of piecesOf(reply.reasoning))
      yield { ...chunk({ reasoning_content }), chunk: true };
    const field = reply.stop === "refusal" ? "refusal" : "content";
    for (const text of piecesOf(reply.text)) yield { ...chunk({ [field]: text }), chunk: true };
    for (const [index, call] of reply.calls.entries()) {
      yield chunk({ tool_calls: [{ ...callOf(call, ""), index }] });
      for (const piece of piecesOf(inputText(call.input))) {
        yield {
          ...chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
          chunk: true,
        };
      }
    }
    yield chunk({}, finishReason(reply));
    yield {
      data: { ...envelope(reply, "chat.completion.chunk"), choices: [], usage: usageOf(reply) },
    };
    yield { data: "[DONE]" };
  },

  whole(reply): JsonObject {
    const refused = reply.stop === "refusal";
    const message = {
      role: "assistant",
      content: refused || reply.text === "" ? null : reply.text,
      refusal: refused ? reply.text : null,
      ...(reply.reasoning !== "" && { reasoning_content: reply.reasoning }),
      ...(reply.calls.length > 0 && {
        tool_calls: reply.calls.map((call) => callOf(call, inputText(call.input))),
      }),
    };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }];
    return { ...envelope(reply, "chat.completion"), choices, usage: usageOf(reply) };
  },

  errorBody: (status, message) => ({
    error: { message, type: `error_${status}`, code: String(status), param: null },
  }),
  errorFrame: (message) => ({
    data: { error: { message, type: "server_error", code: "server_error", param: null } },
  }),
};

function readTool(tool: JsonObject): OfferedTool {
  return {
    name: textFrom(tool["name"]),
    kind: "function",
    description: textFrom(tool["description"]),
    properties: objectOf(objectOf(tool["parameters"])["properties"]) as OfferedTool["properties"],
  };
}

function envelope(reply: Reply, object: string): JsonObject {
  return { id: reply.id, object, created: Math.floor(Date.now() / 1000), model: reply.model };
}

function callOf(call: ToolCall, text: string): JsonObject {
  return { id: call.id, type: "function", function: { name: call.name, arguments: text } };
}

function finishReason(reply: Reply): string {
  if (reply.stop === "max_tokens") return "length";
  if (reply.stop !== undefined && reply.stop !== "refusal") return reply.stop;
  return reply.calls.length > 0 ? "tool_calls" : "stop";
}

function usageOf({ usage, costUsd }: Reply): JsonObject {
  return {
    ...(costUsd !== undefined && { cost: costUsd }),
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}
