// Between what is kept and what OpenAI Responses is sent: whatever a conversation holds, the request is one that its server takes.
import { CallIds, pairAnswers, responsesIds, sayableName } from "./calls.ts";
import { isBlank, isJsonObject, objectsOf, textOf, type Json } from "./json.ts";
import { cleanPart } from "./openai-parts.ts";
import { wellFormed } from "./well-formed.ts";
import { BLANK_MESSAGE, NO_ANSWER, NO_OUTPUT, strayAnswer } from "./words.ts";

/** What the server wants an item's id to begin with. */
const ID_PREFIXES: Readonly<Record<string, string>> = {
  message: "msg",
  function_call: "fc",
  reasoning: "rs",
};
const MAX_ID_LENGTH = 64;

/** The body of a request; what is right already stays as it is, byte for byte. Pure. */
export function gateResponses(body: Json): Json {
  const said = wellFormed(body);
  const items = answerCalls(objectsOf(said["input"]).flatMap(cleanItem));
  const input = withGoodIds(withFollowedReasoning(items));
  return { ...said, input: input.length === 0 ? [byUser(BLANK_MESSAGE)] : input };
}

function byUser(text: string): Json {
  return { type: "message", role: "user", content: [{ type: "input_text", text }] };
}

function cleanItem(item: Json): Json[] {
  const type = item["type"] ?? "message";
  if (type === "message") return cleanMessage(item);
  if (type === "reasoning") return isSealed(item) ? [item] : [];
  if (type === "function_call") {
    const text = item["arguments"];
    return [
      {
        ...item,
        name: sayableName(item["name"]),
        arguments: isJsonObject(text) ? text : "{}",
      },
    ];
  }
  if (type === "function_call_output") return [{ ...item, output: cleanOutput(item["output"]) }];
  return typeof type === "string" ? [item] : [];
}

function cleanMessage(item: Json): Json[] {
  const { role, content } = item;
  const isModels = role === "assistant";
  const blank = isModels ? [] : [{ ...item, role: role ?? "user", content: BLANK_MESSAGE }];
  if (typeof content === "string") return isBlank(content) ? blank : [item];
  const parts = objectsOf(content).flatMap(cleanPart);
  return parts.length === 0 ? blank : [{ ...item, content: parts }];
}

/** Without its sealed content it is only a reference to a server that stores nothing. */
function isSealed(item: Json): boolean {
  return textOf(item["encrypted_content"]) !== "" && Array.isArray(item["summary"]);
}

function cleanOutput(output: unknown): unknown {
  if (typeof output === "string") return isBlank(output) ? NO_OUTPUT : output;
  const parts = objectsOf(output).flatMap(cleanPart);
  return parts.length === 0 ? NO_OUTPUT : parts;
}

const isAnswer = ({ type }: Json): boolean => type === "function_call_output";
const isCall = ({ type }: Json): boolean => type === "function_call";
const isModels = (item: Json): boolean =>
  (item["type"] ?? "message") === "message" ? item["role"] === "assistant" : !isAnswer(item);

/** Each call with an id of its own, and its one answer before the model speaks again. */
function answerCalls(items: readonly Json[]): Json[] {
  const ids = new CallIds(responsesIds);
  const answered: Json[] = [];
  for (let at = 0; at < items.length;) {
    const spoken = takeWhile(items, at, isModels);
    const heard = takeWhile(items, at + spoken.length, (item) => !isModels(item));
    at += spoken.length + heard.length;
    const calls = spoken.filter(isCall);
    const given = calls.map((call) => ids.next(call["call_id"]));
    const renamed = new Map(calls.map((call, index) => [call, { ...call, call_id: given[index] }]));
    answered.push(...spoken.map((item) => renamed.get(item) ?? item));
    answered.push(...withAnswers(heard, calls, given));
  }
  return answered;
}

function takeWhile(items: readonly Json[], from: number, is: (item: Json) => boolean): Json[] {
  const end = items.findIndex((item, index) => index >= from && !is(item));
  return items.slice(from, end < 0 ? items.length : end);
}

function withAnswers(heard: readonly Json[], calls: readonly Json[], given: readonly string[]) {
  const answers = heard.filter(isAnswer);
  const pairs = pairAnswers(
    calls.map((call) => call["call_id"]),
    answers.map((answer) => answer["call_id"]),
  );
  const missing = given
    .filter((_, index) => !pairs.includes(index))
    .map((call_id) => ({ type: "function_call_output", call_id, output: NO_ANSWER }));
  const rest = heard.map((item) => {
    if (!isAnswer(item)) return item;
    const call_id = given[pairs[answers.indexOf(item)] ?? -1];
    return call_id === undefined ? byUser(strayAnswer(outputText(item))) : { ...item, call_id };
  });
  return [...missing, ...rest];
}

function outputText({ output }: Json): string {
  if (typeof output === "string") return output;
  return objectsOf(output)
    .map((part) => textOf(part["text"]))
    .join("\n");
}

/** Reasoning is taken only in front of the message or call that it led to. */
function withFollowedReasoning(items: readonly Json[]): Json[] {
  return items.filter((item, index) => {
    if (item["type"] !== "reasoning") return true;
    const next = items.slice(index + 1).find(({ type }) => type !== "reasoning");
    return next !== undefined && isModels(next);
  });
}

/** An id is no more than a name of the item's, and may be left out; but not that of reasoning. */
function withGoodIds(items: readonly Json[]): Json[] {
  const seen = new Set<unknown>();
  return items.map((item) => {
    const { id, ...nameless } = item;
    if (id === undefined) return item;
    const prefix = ID_PREFIXES[textOf(item["type"] ?? "message")] ?? "";
    const fits =
      typeof id === "string" &&
      id.startsWith(prefix) &&
      id.length <= MAX_ID_LENGTH &&
      !seen.has(id);
    seen.add(id);
    return fits ? item : nameless;
  });
}
