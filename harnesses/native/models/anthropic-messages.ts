// Our turns as Anthropic messages, with the marks that let its server cache the conversation so far.
import type Anthropic from "@anthropic-ai/sdk";
import {
  answeredCallId,
  exchangesOf,
  portableCallId,
  type Exchange,
  type ModelTurn,
  type ToolTurn,
  type Turn,
  type UserPart,
} from "../loop/turn.ts";

/** With the one on the system prompt this stays within the four that a request may carry. */
const CACHED_USER_MESSAGES = 2;

/** `model` is the one asked now: what another model said is told in plain blocks, without its signatures. */
export function anthropicMessages(turns: readonly Turn[], model: string): Anthropic.MessageParam[] {
  const messages = exchangesOf(turns).map((exchange) => messageOf(exchange, model));
  for (const message of messages
    .filter(({ role }) => role === "user")
    .slice(-CACHED_USER_MESSAGES)) {
    const last = (message.content as CacheableBlock[]).at(-1);
    if (last) last.cache_control = { type: "ephemeral" };
  }
  return messages;
}

type CacheableBlock =
  | Anthropic.TextBlockParam
  | Anthropic.ImageBlockParam
  | Anthropic.DocumentBlockParam
  | Anthropic.ToolResultBlockParam;

function messageOf(exchange: Exchange, model: string): Anthropic.MessageParam {
  if (exchange.side === "model")
    return { role: "assistant", content: modelContent(exchange.turn, model) };
  const answers = exchange.answers.map((answer) =>
    answerOf(answer, answeredCallId(answer, exchange.answered, model)),
  );
  return { role: "user", content: [...answers, ...exchange.parts.map(partOf)] };
}

function modelContent(turn: ModelTurn, model: string): Anthropic.ContentBlockParam[] {
  if (turn.raw.model === model) return turn.raw.content as Anthropic.ContentBlockParam[];
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

function answerOf({ text, failed }: ToolTurn, id: string): Anthropic.ToolResultBlockParam {
  return {
    type: "tool_result",
    tool_use_id: id,
    content: [{ type: "text", text: text === "" ? "(no output)" : text }],
    ...(failed && { is_error: true }),
  };
}

function partOf(part: UserPart): CacheableBlock {
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
