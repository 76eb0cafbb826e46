// What servers of the chat dialect want beyond it: each gateway has its own words for cost, reasoning and caching.
import type OpenAI from "openai";
import type { ModelRequest } from "../model.ts";

type Message = OpenAI.Chat.ChatCompletionMessageParam;

export interface ChatExtras {
  /** Fields of the request's body. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Marks the end of the prompt's head and of the whole conversation to be cached, where the server must be told. */
  readonly marksCache: boolean;
}

/** `name` is the model's with its provider. */
export function chatExtras(name: string, { effort }: Pick<ModelRequest, "effort">): ChatExtras {
  const [provider] = name.split("/", 1);
  const reasoning = effort && { reasoning: { effort } };
  if (provider === "openrouter")
    return { fields: { usage: { include: true }, ...reasoning }, marksCache: /claude/.test(name) };
  if (provider === "vercel")
    return {
      fields: { providerOptions: { gateway: { caching: "auto" } }, ...reasoning },
      marksCache: false,
    };
  return { fields: effort ? { reasoning_effort: effort } : {}, marksCache: false };
}

/** The same messages, the system's and the last one marked. */
export function markCached(messages: readonly Message[]): Message[] {
  const lastIndex = messages.findLastIndex(({ role }) => role !== "assistant");
  return messages.map((message, index) =>
    index === 0 || index === lastIndex ? marked(message) : message,
  );
}

function marked(message: Message): Message {
  const { content } = message;
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : content;
  if (!Array.isArray(parts)) return message;
  const last = { ...parts.at(-1), cache_control: { type: "ephemeral" } };
  return Object.assign({}, message, { content: [...parts.slice(0, -1), last] });
}
