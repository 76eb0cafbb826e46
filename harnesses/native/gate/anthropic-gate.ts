// Between what is kept and what Anthropic is sent: whatever a conversation holds, the request is one that its server takes.
import { endAcceptably, openByUser, withTools } from "./anthropic-ends.ts";
import { cleanMessage } from "./anthropic-blocks.ts";
import { anthropicIds, CallIds, pairAnswers } from "./calls.ts";
import { imagesToLeaveOut } from "./anthropic-images.ts";
import { objectsOf, textOf, type Json } from "./json.ts";
import { wellFormed } from "./well-formed.ts";
import { NO_ANSWER, strayAnswer } from "./words.ts";

/** The body of a request; what is right already stays as it is, byte for byte. Pure. */
export function gateAnthropic(body: Json): Json {
  const given = objectsOf(body["messages"]);
  const leftOut = imagesToLeaveOut(given);
  const cleaned = wellFormed(given.flatMap((message) => cleanMessage(message, leftOut)));
  const messages = endAcceptably(answerCalls(openByUser(cleaned)), body["thinking"]);
  return withTools({ ...wellFormed({ ...body, messages: [] }), messages });
}

/** Each call with an id of its own, and its one answer at the beginning of the next message. */
function answerCalls(messages: readonly Json[]): Json[] {
  const ids = new CallIds(anthropicIds);
  const answered: Json[] = [];
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at] as Json;
    const blocks = objectsOf(message["content"]);
    const calls = message["role"] === "assistant" ? blocks.filter(isCall) : [];
    if (calls.length === 0) {
      answered.push(message["role"] === "assistant" ? message : withAnswers(message, [], []));
      continue;
    }
    const given = calls.map(({ id }) => ids.next(id));
    const renamed = new Map(calls.map((call, index) => [call, { ...call, id: given[index] }]));
    answered.push({ ...message, content: blocks.map((block) => renamed.get(block) ?? block) });
    const next = messages[at + 1];
    const hasNext = next?.["role"] === "user";
    if (hasNext) at++;
    answered.push(withAnswers(hasNext ? next : { role: "user" }, calls, given));
  }
  return answered;
}

const isCall = (block: Json): boolean => block["type"] === "tool_use";
const isAnswer = (block: Json): boolean => block["type"] === "tool_result";

/** The user's message with the answers to `calls`, first and under the ids that these were given. */
function withAnswers(message: Json, calls: readonly Json[], given: readonly string[]): Json {
  const blocks = objectsOf(message["content"]);
  const answers = blocks.filter(isAnswer);
  const pairs = pairAnswers(
    calls.map(({ id }) => id),
    answers.map((answer) => answer["tool_use_id"]),
  );
  const first = answers.flatMap((answer, index) => {
    const id = given[pairs[index] ?? -1];
    return id === undefined ? [] : [{ ...answer, tool_use_id: id }];
  });
  const missing = given
    .filter((_, index) => !pairs.includes(index))
    .map((id) => ({
      type: "tool_result",
      tool_use_id: id,
      content: [{ type: "text", text: NO_ANSWER }],
      is_error: true,
    }));
  const others = blocks.flatMap((block) => {
    if (!isAnswer(block)) return [block];
    return pairs[answers.indexOf(block)] === -1 ? strayParts(block) : [];
  });
  return { ...message, content: [...first, ...missing, ...others] };
}

/** What an answer says, where there is no call that it could answer. */
function strayParts(answer: Json): Json[] {
  const content = answer["content"];
  const parts =
    typeof content === "string" ? [{ type: "text", text: content }] : objectsOf(content);
  const texts = parts.flatMap((part) => (part["type"] === "text" ? [textOf(part["text"])] : []));
  const text = { type: "text", text: strayAnswer(texts.join("\n")) };
  return [text, ...parts.filter(({ type }) => type === "image")];
}
