// Our turns as chat completion messages.
import type OpenAI from "openai";
import { portableCallId } from "../../gate/calls.ts";
import { isObject, objectsOf, textOf } from "../../gate/json.ts";
import {
  answeredCallId,
  exchangesOf,
  type Exchange,
  type ModelTurn,
  type Turn,
  type UserPart,
} from "../turn.ts";

type Message = OpenAI.Chat.ChatCompletionMessageParam;

/** What a chat server wants back of its own reply. */
export interface RawChatReply {
  reasoningDetails: Record<string, unknown>[];
  reasoningContent: string;
}

/** `model` is the one asked now: another model's reasoning is left out. */
export function chatMessages(turns: readonly Turn[], model: string): Message[] {
  return exchangesOf(turns).flatMap((exchange) => messagesOf(exchange, model));
}

function messagesOf(exchange: Exchange, model: string): Message[] {
  if (exchange.side === "model") return [modelMessage(exchange.turn, model)];
  const answers = exchange.answers.map((answer) => ({
    role: "tool" as const,
    tool_call_id: answeredCallId(answer, exchange.answered, model),
    content: answer.text,
  }));
  // An answer is text alone here: what else belongs to it follows as the user's.
  const media = exchange.answers.flatMap((answer) =>
    answer.media === undefined || answer.media.length === 0
      ? []
      : [{ type: "text" as const, text: `What ${answer.name} answered with:` }, ...answer.media],
  );
  const parts = [...media, ...exchange.parts];
  if (parts.length === 0) return answers;
  const onlyText = parts.every((part) => part.type === "text");
  // Some local servers take a string only.
  const content = onlyText ? parts.map((part) => part.text).join("\n\n") : parts.map(partOf);
  return [...answers, { role: "user", content }];
}

function modelMessage(turn: ModelTurn, model: string): Message {
  const isOwn = turn.raw.model === model;
  const tool_calls = turn.calls.map(({ toolCallId, name, input }) => ({
    id: isOwn ? toolCallId : portableCallId(toolCallId),
    type: "function" as const,
    function: { name, arguments: JSON.stringify(input) },
  }));
  const message = {
    role: "assistant" as const,
    content: turn.text === "" ? null : turn.text,
    ...(tool_calls.length > 0 && { tool_calls }),
  };
  return isOwn ? { ...message, ...reasoningOf(turn) } : message;
}

/** Reasoning goes back in the form it came, and the plain form only beside tool calls: elsewhere servers refuse it. */
function reasoningOf({ raw, calls }: ModelTurn): Record<string, unknown> {
  const { reasoningDetails, reasoningContent } = isObject(raw.content)
    ? (raw.content as { [Field in keyof RawChatReply]?: unknown })
    : {};
  const [details, content] = [objectsOf(reasoningDetails), textOf(reasoningContent)];
  return {
    ...(details.length > 0 && { reasoning_details: details }),
    ...(content !== "" && calls.length > 0 && { reasoning_content: content }),
  };
}

function partOf(part: UserPart): OpenAI.Chat.ChatCompletionContentPart {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.type === "image")
    return { type: "image_url", image_url: { url: `data:${part.mediaType};base64,${part.data}` } };
  return {
    type: "file",
    file: { filename: part.name, file_data: `data:application/pdf;base64,${part.data}` },
  };
}
