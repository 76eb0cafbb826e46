// OpenAI chat completions, as OpenAI, gateways and local servers take them: the strictest of each.
import { checkDataUrl, checkPdfUrl } from "./media-checks.ts";
import {
  CallLedger,
  checkText,
  isObject,
  objectsIn,
  textOf,
  type JsonObject,
  type Report,
} from "./report.ts";
import { checkTools } from "./tool-checks.ts";

export function checkChat(body: JsonObject, report: Report): void {
  const messages = objectsIn(body["messages"], "messages", report);
  for (const [index, message] of messages.entries())
    checkMessage(message, `messages[${index}]`, report);
  checkOrder(messages, report);
  checkCalls(messages, textOf(body["model"]), report);
  const tools = body["tools"] === undefined ? [] : objectsIn(body["tools"], "tools", report);
  checkTools(
    tools.map((tool, index) => {
      const declared = isObject(tool["function"]) ? tool["function"] : {};
      return { name: declared["name"], schema: declared["parameters"], where: `tools[${index}]` };
    }),
    "openai",
    report,
  );
}

function checkMessage(message: JsonObject, where: string, report: Report): void {
  const { role, content } = message;
  if (role === "assistant") return checkReply(message, where, report);
  if (!["system", "developer", "user", "tool"].includes(textOf(role)))
    report("fields-are-there", `${where}.role`);
  if (typeof content === "string") checkText(content, where, report);
  else checkParts(content, where, report);
}

function checkReply(message: JsonObject, where: string, report: Report): void {
  const { content, tool_calls } = message;
  const calls =
    tool_calls === undefined ? [] : objectsIn(tool_calls, `${where}.tool_calls`, report);
  if (tool_calls !== undefined && calls.length === 0) report("message-not-empty", where);
  if (content === null || content === undefined) {
    if (calls.length === 0) report("message-not-empty", where);
  } else if (typeof content === "string") checkText(content, where, report);
  else checkParts(content, where, report);
  for (const [index, call] of calls.entries()) {
    const made = isObject(call["function"]) ? call["function"] : {};
    if (call["type"] !== "function")
      report("fields-are-there", `${where}.tool_calls[${index}].type`);
    if (!isJsonObject(made["arguments"])) report("call-input", `${where}.tool_calls[${index}]`);
  }
}

function isJsonObject(text: unknown): boolean {
  try {
    return typeof text === "string" && isObject(JSON.parse(text));
  } catch {
    return false;
  }
}

function checkParts(content: unknown, where: string, report: Report): void {
  const parts = objectsIn(content, `${where}.content`, report);
  if (parts.length === 0) report("message-not-empty", where);
  for (const [at, part] of parts.entries()) {
    const place = `${where}.content[${at}]`;
    const inner = (name: string): JsonObject => (isObject(part[name]) ? part[name] : {});
    if (part["type"] === "text") checkText(part["text"], place, report);
    else if (part["type"] === "image_url") checkDataUrl(inner("image_url")["url"], place, report);
    else if (part["type"] === "file") checkPdfUrl(inner("file")["file_data"], place, report);
    else report("fields-are-there", `${place}.type`);
  }
}

function checkOrder(messages: readonly JsonObject[], report: Report): void {
  const spoken = messages.filter(({ role }) => role !== "system" && role !== "developer");
  if (spoken.length === 0) return report("conversation-present", "messages");
  if (spoken[0]?.["role"] !== "user") report("first-from-user", "messages");
  if (spoken.at(-1)?.["role"] === "assistant") report("last-not-from-model", "messages");
  for (const [index, { role }] of spoken.entries())
    if (index > 0 && role !== "tool" && spoken[index - 1]?.["role"] === role)
      report("roles-alternate", `${textOf(role)} twice`);
}

function checkCalls(messages: readonly JsonObject[], model: string, report: Report): void {
  const ledger = new CallLedger(report, formOf(model));
  for (const [index, message] of messages.entries()) {
    const isOrphan =
      message["role"] === "tool" &&
      !["tool", "assistant"].includes(textOf(messages[index - 1]?.["role"]));
    if (isOrphan) report("answer-called-for", `messages[${index}]`);
    if (message["role"] !== "assistant") continue;
    const calls = Array.isArray(message["tool_calls"])
      ? message["tool_calls"].filter(isObject)
      : [];
    const rest = messages.slice(index + 1);
    const end = rest.findIndex(({ role }) => role !== "tool");
    const answers = end < 0 ? rest : rest.slice(0, end);
    ledger.checkTurn(
      calls.map((call) => ({
        id: call["id"],
        name: isObject(call["function"]) ? call["function"]["name"] : undefined,
        where: `messages[${index}]`,
      })),
      answers.map((answer, at) => ({
        id: answer["tool_call_id"],
        where: `messages[${index + 1 + at}]`,
      })),
    );
  }
}

function formOf(model: string): (id: string) => boolean {
  if (/mistral|mixtral|codestral|devstral|magistral/.test(model))
    return (id) => /^[a-zA-Z0-9]{9}$/.test(id);
  if (/claude/.test(model)) return (id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id);
  if (/gpt-|(^|\/)o\d/.test(model)) return (id) => id.length >= 1 && id.length <= 40;
  return (id) => id.trim() !== "";
}
