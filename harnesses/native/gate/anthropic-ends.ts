// How a request to Anthropic begins and ends, and what it must declare.
import { isThinking } from "./anthropic-blocks.ts";
import { isObject, objectsOf, textOf, type Json } from "./json.ts";
import { BLANK_MESSAGE, EARLIER } from "./words.ts";

export function openByUser(messages: readonly Json[]): Json[] {
  if (messages.length === 0) return [byUser(BLANK_MESSAGE)];
  return messages[0]?.["role"] === "user" ? [...messages] : [byUser(EARLIER), ...messages];
}

function byUser(text: string): Json {
  return { role: "user", content: [{ type: "text", text }] };
}

/** A last message by the model is what it goes on from: without white space at its end, and thinking only where it may think. */
export function endAcceptably(messages: readonly Json[], thinking: unknown): Json[] {
  const last = messages.findLastIndex(({ role }) => role !== "assistant") + 1;
  const thinks = isObject(thinking) && thinking["type"] !== "disabled";
  const ending = messages.slice(last).flatMap((message) => {
    const blocks = objectsOf(message["content"]);
    const kept = thinks ? blocks : blocks.filter((block) => !isThinking(block));
    if (kept.length === 0) return [];
    return kept.length === blocks.length ? [message] : [{ ...message, content: kept }];
  });
  const end = ending.at(-1);
  return [
    ...messages.slice(0, last),
    ...ending.slice(0, -1),
    ...(end === undefined ? [] : [trimmed(end)]),
  ];
}

function trimmed(message: Json): Json {
  const blocks = objectsOf(message["content"]);
  const last = blocks.at(-1);
  const text = textOf(last?.["text"]);
  if (last === undefined || !/\s$/.test(text)) return message;
  return { ...message, content: [...blocks.slice(0, -1), { ...last, text: text.trimEnd() }] };
}

/** Calls may be spoken of only where tools are declared, and with a budget for thinking only after thinking. */
export function withTools(body: Json): Json {
  const messages = objectsOf(body["messages"]);
  const calls = messages.flatMap((message) =>
    objectsOf(message["content"]).filter(({ type }) => type === "tool_use"),
  );
  const first = calls[0];
  const declared =
    first === undefined || body["tools"] !== undefined
      ? body
      : { ...body, tools: [goneTool(first["name"])], tool_choice: { type: "none" } };
  if (!mustBeginWithThinking(declared)) return declared;
  const { thinking: _, ...rest } = declared;
  return rest;
}

function goneTool(name: unknown): Json {
  const input_schema = { type: "object", properties: {} };
  return { name, description: "Not available any more.", input_schema };
}

function mustBeginWithThinking({ thinking, messages }: Json): boolean {
  if (!isObject(thinking) || thinking["type"] !== "enabled") return false;
  const all = objectsOf(messages);
  const last = all.findLastIndex(({ role }) => role === "assistant");
  const before = all.slice(0, last + 1).findLastIndex(({ role }) => role !== "assistant");
  const blocks = all.slice(before + 1, last + 1).flatMap(({ content }) => objectsOf(content));
  const [begin] = blocks;
  return (
    begin !== undefined && !isThinking(begin) && blocks.some(({ type }) => type === "tool_use")
  );
}
