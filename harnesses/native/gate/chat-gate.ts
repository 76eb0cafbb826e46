// Between what is kept and what a server of chat completions is sent: whatever a conversation holds, the strictest of them takes the request.
import { CallIds, chatIds, pairAnswers, sayableName } from "./calls.ts";
import { isBlank, isJsonObject, isObject, objectsOf, textOf, type Json } from "./json.ts";
import { cleanPart } from "./openai-parts.ts";
import { wellFormed } from "./well-formed.ts";
import { BLANK_MESSAGE, EARLIER, GO_ON, NO_ANSWER, NO_OUTPUT, strayAnswer } from "./words.ts";

/** The body of a request; what is right already stays as it is, byte for byte. Pure. */
export function gateChat(body: Json): Json {
  const said = wellFormed(body);
  const messages = objectsOf(said["messages"]).flatMap(cleanMessage);
  const ids = new CallIds(chatIds(textOf(said["model"])));
  return { ...said, messages: inTurns(answerCalls(messages, ids)) };
}

function cleanMessage(message: Json): Json[] {
  if (message["role"] === "assistant") return cleanReply(message);
  const { content } = message;
  const blank = message["role"] === "tool" ? NO_OUTPUT : BLANK_MESSAGE;
  if (typeof content === "string")
    return [isBlank(content) ? { ...message, content: blank } : message];
  const parts = objectsOf(content).flatMap(cleanPart);
  return [{ ...message, content: parts.length === 0 ? blank : parts }];
}

/** Nothing for one that neither says nor calls anything. */
function cleanReply(message: Json): Json[] {
  const calls = objectsOf(message["tool_calls"]).map(cleanCall);
  const isSilent = isBlank(message["content"]);
  if (isSilent && calls.length === 0) return [];
  const said = { ...message, content: isSilent ? null : message["content"] };
  if (calls.length > 0) return [{ ...said, tool_calls: calls }];
  const { tool_calls: _, ...plain } = said as Json;
  return [plain];
}

function cleanCall(call: Json): Json {
  const made = isObject(call["function"]) ? call["function"] : {};
  const text = made["arguments"];
  const name = sayableName(made["name"]);
  return {
    ...call,
    type: "function",
    function: { ...made, name, arguments: isJsonObject(text) ? text : "{}" },
  };
}

/** Each call with an id of its own, and its one answer directly behind. */
function answerCalls(messages: readonly Json[], ids: CallIds): Json[] {
  const answered: Json[] = [];
  for (let at = 0; at < messages.length;) {
    const message = messages[at++] as Json;
    const calls = message["role"] === "assistant" ? objectsOf(message["tool_calls"]) : [];
    const given = calls.map(({ id }) => ids.next(id));
    if (message["role"] === "tool") {
      answered.push(strayMessage(message));
      continue;
    }
    const tool_calls = calls.map((call, index) => ({ ...call, id: given[index] }));
    answered.push(calls.length === 0 ? message : { ...message, tool_calls });
    const end = messages.findIndex(({ role }, index) => index >= at && role !== "tool");
    const answers = messages.slice(at, end < 0 ? messages.length : end);
    at += answers.length;
    answered.push(...answersFor(answers, calls, given));
  }
  return answered;
}

function answersFor(answers: readonly Json[], calls: readonly Json[], given: readonly string[]) {
  const pairs = pairAnswers(
    calls.map(({ id }) => id),
    answers.map((answer) => answer["tool_call_id"]),
  );
  const paired = answers.flatMap((answer, index) => {
    const tool_call_id = given[pairs[index] ?? -1];
    return tool_call_id === undefined ? [] : [{ ...answer, tool_call_id }];
  });
  const missing = given
    .filter((_, index) => !pairs.includes(index))
    .map((tool_call_id) => ({ role: "tool", tool_call_id, content: NO_ANSWER }));
  const stray = answers.filter((_, index) => pairs[index] === -1).map(strayMessage);
  return [...paired, ...missing, ...stray];
}

function strayMessage({ content }: Json): Json {
  const texts =
    typeof content === "string" ? [content] : objectsOf(content).map(({ text }) => textOf(text));
  return { role: "user", content: strayAnswer(texts.join("\n")) };
}

const isSystem = ({ role }: Json): boolean => role === "system" || role === "developer";

/** User and model by turns, the user first and last: the templates of many local models take nothing else. */
function inTurns(messages: readonly Json[]): Json[] {
  const turns: Json[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    const isFirst = last === undefined || isSystem(last);
    if (message["role"] === "assistant" && isFirst && !isSystem(message))
      turns.push({ role: "user", content: EARLIER });
    else if (message["role"] === "assistant" && last?.["role"] === "assistant")
      turns.push({ role: "user", content: GO_ON });
    if (message["role"] === "user" && last?.["role"] === "user")
      turns[turns.length - 1] = joined(last, message);
    else turns.push(message);
  }
  const last = turns.at(-1);
  if (last === undefined || isSystem(last)) turns.push({ role: "user", content: BLANK_MESSAGE });
  else if (last["role"] === "assistant") turns.push({ role: "user", content: GO_ON });
  return turns;
}

function joined(one: Json, other: Json): Json {
  const [first, second] = [one["content"], other["content"]];
  if (typeof first === "string" && typeof second === "string")
    return { ...one, content: `${first}\n\n${second}` };
  return { ...one, content: [...partsOf(first), ...partsOf(second)] };
}

function partsOf(content: unknown): Json[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : objectsOf(content);
}
