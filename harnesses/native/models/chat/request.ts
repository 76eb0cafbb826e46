// What a server of chat completions is asked, as the body of one request.
import type OpenAI from "openai";
import { gateChat } from "../../gate/chat-gate.ts";
import { strictSchema } from "../strict-schema.ts";
import type { ModelRequest } from "../model.ts";
import { chatExtras, markCached } from "./extras.ts";
import { chatMessages } from "./messages.ts";

type Body = OpenAI.Chat.ChatCompletionCreateParamsStreaming;

/** `name` is the model's with its provider; whatever the request's turns hold, the body is one that the server takes. */
export function chatBody(model: string, name: string, request: ModelRequest): Body {
  const gated = gateChat({ ...bodyOf(model, name, request) }) as unknown as Body;
  const { fields, marksCache } = chatExtras(name, request);
  const messages = marksCache ? markCached(gated.messages) : gated.messages;
  return { ...gated, ...fields, messages };
}

/** As our turns have it, ungated. */
export function bodyOf(model: string, name: string, request: ModelRequest): Body {
  // Local servers hold a model with a response format to JSON at once, tool calls or not: ask for it only without tools.
  const answersNow = request.answerOnly || request.tools.length === 0;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: "system", content: request.system }, ...chatMessages(request.turns, name)],
    ...(request.tools.length > 0 && { tools: toolsOf(request) }),
    ...(request.answerOnly && request.tools.length > 0 && { tool_choice: "none" as const }),
    ...(request.maxOutputTokens !== undefined && { max_tokens: request.maxOutputTokens }),
    ...(request.schema && answersNow && { response_format: formatOf(request.schema) }),
  };
}

function formatOf(schema: Readonly<Record<string, unknown>>): OpenAI.ResponseFormatJSONSchema {
  const strict = strictSchema(schema, { allRequired: true });
  return {
    type: "json_schema",
    json_schema: { name: "result", schema: strict ?? schema, strict: strict !== null },
  };
}

function toolsOf(request: ModelRequest): OpenAI.Chat.ChatCompletionTool[] {
  return request.tools.map(({ name, description, inputSchema }) => ({
    type: "function",
    function: { name, description, parameters: inputSchema },
  }));
}
