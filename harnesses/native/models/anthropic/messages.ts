// Our turns as Anthropic messages, with the marks that let its server cache the conversation so far.
import type Anthropic from "@anthropic-ai/sdk";
import {
  answeredCallId,
  exchangesOf,
  type Exchange,
  type ModelTurn,
  type ToolTurn,
  type Turn,
  type UserPart,
} from "../turn.ts";
import { portableCallId } from "../../gate/calls.ts";
import { NO_OUTPUT } from "../../gate/words.ts";

type Message = Anthropic.MessageParam;
type Part = Anthropic.TextBlockParam | Anthropic.ImageBlockParam | Anthropic.DocumentBlockParam;

/** With the one on the system prompt this stays within the four that a request may carry. */
const CACHED_USER_MESSAGES = 2;

/** `model` is the one asked now: what another model said is told in plain blocks, without its signatures. */
export function anthropicMessages(turns: readonly Turn[], model: string): Message[] {
  return exchangesOf(turns).map((exchange) => messageOf(exchange, model));
}

/** The same messages, the ends of the user's last ones marked. */
export function markCached(messages: readonly Message[]): Message[] {
  const marked = new Set(
    messages.filter(({ role }) => role === "user").slice(-CACHED_USER_MESSAGES),
  );
  return messages.map((message) => {
    const blocks = message.content as (Part | Anthropic.ToolResultBlockParam)[];
    const last = blocks.at(-1);
    if (!marked.has(message) || last === undefined) return message;
    const end = { ...last, cache_control: { type: "ephemeral" as const } };
    return { role: "user", content: [...blocks.slice(0, -1), end] };
  });
}

function messageOf(exchange: Exchange, model: string): Message {
  if (exchange.side === "model")
    return { role: "assistant", content: modelContent(exchange.turn, model) };
  const answers = exchange.answers.map((answer) =>
    answerOf(answer, answeredCallId(answer, exchange.answered, model)),
  );
  return { role: "user", content: [...answers, ...exchange.parts.map(partOf)] };
}

function modelContent(turn: ModelTurn, model: string): Anthropic.ContentBlockParam[] {
  const { raw } = turn;
  if (raw.model === model && Array.isArray(raw.content))
    return raw.content as Anthropic.ContentBlockParam[];
  return [
    ...(turn.text === "" ? [] : [{ type: "text" as const, text: turn.text }]),
    ...turn.calls.map(({ toolCallId, name, input }) => ({
      type: "tool_use" as const,
      id: portableCallId(toolCallId),
      name,
      input,
    })),
  ];
}

function answerOf(
  { text, failed, media = [] }: ToolTurn,
  id: string,
): Anthropic.ToolResultBlockParam {
  return {
    type: "tool_result",
    tool_use_id: id,
    content: [{ type: "text", text: text.trim() === "" ? NO_OUTPUT : text }, ...media.map(partOf)],
    ...(failed && { is_error: true }),
  };
}

function partOf(part: UserPart): Part {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.type === "image")
    return {
      type: "image",
      source: { type: "base64", media_type: part.mediaType, data: part.data },
    };
  return {
    type: "document",
    title: part.name,
    source: { type: "base64", media_type: "application/pdf", data: part.data },
  };
}
