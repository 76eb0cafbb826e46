// OpenAI Responses, stateless: what its server refuses.
import { checkDataUrl, checkPdfUrl } from "./media-checks.ts";
import {
  CallLedger,
  checkText,
  isObject,
  objectsIn,
  textOf,
  type CheckedCall,
  type JsonObject,
  type Report,
} from "./report.ts";
import { checkTools } from "./tool-checks.ts";

/** What the id of an item must begin with. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: "msg",
  function_call: "fc",
  reasoning: "rs",
};
const CALLS = new Set<unknown>(["function_call", "custom_tool_call"]);
const ANSWERS = new Set<unknown>(["function_call_output", "custom_tool_call_output"]);

export function checkResponses(body: JsonObject, report: Report): void {
  if (typeof body["input"] === "string") checkText(body["input"], "input", report);
  else checkInput(objectsIn(body["input"], "input", report), body, report);
  if (body["instructions"] !== undefined && body["instructions"] !== null)
    checkText(body["instructions"], "instructions", report);
  const tools = body["tools"] === undefined ? [] : objectsIn(body["tools"], "tools", report);
  const functions = tools.flatMap((tool, index) =>
    tool["type"] === "function"
      ? [{ name: tool["name"], schema: tool["parameters"], where: `tools[${index}]` }]
      : [],
  );
  checkTools(functions, "openai", report);
}

function checkInput(items: readonly JsonObject[], body: JsonObject, report: Report): void {
  if (items.length === 0) return report("conversation-present", "input");
  const ids = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    const where = `input[${index}]`;
    checkItem(item, where, report);
    checkId(item, where, ids, report);
    if (item["type"] === "reasoning") checkReasoning(items, index, body, report);
  }
  checkCalls(items, report);
}

function checkItem(item: JsonObject, where: string, report: Report): void {
  const type = item["type"] ?? "message";
  if (type === "message") checkMessage(item, where, report);
  else if (type === "function_call") checkArguments(item["arguments"], where, report);
  else if (type === "function_call_output") checkOutput(item["output"], where, report);
  else if (typeof type !== "string") report("fields-are-there", `${where}.type`);
}

function checkArguments(text: unknown, where: string, report: Report): void {
  try {
    if (typeof text === "string" && isObject(JSON.parse(text))) return;
  } catch {
    // Said below.
  }
  report("call-input", `${where}: ${textOf(text)}`);
}

function checkMessage(item: JsonObject, where: string, report: Report): void {
  if (!["user", "assistant", "system", "developer"].includes(textOf(item["role"])))
    report("fields-are-there", `${where}.role`);
  if (typeof item["content"] === "string") return checkText(item["content"], where, report);
  checkParts(item["content"], where, report);
}

function checkOutput(output: unknown, where: string, report: Report): void {
  if (typeof output === "string") return checkText(output, `${where}.output`, report);
  checkParts(output, `${where}.output`, report);
}

function checkParts(content: unknown, where: string, report: Report): void {
  const parts = objectsIn(content, `${where}.content`, report);
  if (parts.length === 0) report("message-not-empty", where);
  for (const [at, part] of parts.entries()) {
    const place = `${where}.content[${at}]`;
    if (part["type"] === "input_text" || part["type"] === "output_text")
      checkText(part["text"], place, report);
    else if (part["type"] === "refusal") checkText(part["refusal"], place, report);
    else if (part["type"] === "input_image") checkDataUrl(part["image_url"], place, report);
    else if (part["type"] === "input_file") checkPdfUrl(part["file_data"], place, report);
    else report("fields-are-there", `${place}.type`);
  }
}

function checkId(item: JsonObject, where: string, ids: Set<unknown>, report: Report): void {
  const { id } = item;
  if (id === undefined || id === null) return;
  const prefix = PREFIXES[textOf(item["type"] ?? "message")] ?? "";
  if (typeof id !== "string" || id.length > 64 || !id.startsWith(prefix) || ids.has(id))
    report("item-id-form", `${where}: ${textOf(id)}`);
  ids.add(id);
}

function checkReasoning(
  items: readonly JsonObject[],
  index: number,
  body: JsonObject,
  report: Report,
): void {
  const item = items[index]!;
  const isSealed =
    typeof item["encrypted_content"] === "string" && item["encrypted_content"] !== "";
  if ((body["store"] === false && !isSealed) || !Array.isArray(item["summary"]))
    report("reasoning-sealed", `input[${index}]`);
  const next = items.slice(index + 1).find(({ type }) => type !== "reasoning");
  const isFollowed =
    next !== undefined &&
    !ANSWERS.has(next["type"]) &&
    ((next["type"] ?? "message") !== "message" || next["role"] === "assistant");
  if (!isFollowed) report("reasoning-followed", `input[${index}]`);
}

/** The model's items up to the next of the other side are one turn; its answers stand before the model speaks again. */
function checkCalls(items: readonly JsonObject[], report: Report): void {
  const ledger = new CallLedger(report, (id) => id.length >= 1 && id.length <= 64);
  let calls: CheckedCall[] = [];
  let answers: { id: unknown; where: string }[] = [];
  let isAnswering = false;
  const flush = (): void => {
    ledger.checkTurn(calls, answers);
    calls = [];
    answers = [];
    isAnswering = false;
  };
  for (const [index, item] of items.entries()) {
    const where = `input[${index}]`;
    const type = textOf(item["type"] ?? "message");
    const isModels = type !== "message" ? !ANSWERS.has(type) : item["role"] === "assistant";
    if (isModels && isAnswering) flush();
    isAnswering ||= !isModels;
    if (CALLS.has(type)) calls.push({ id: item["call_id"], name: item["name"], where });
    if (ANSWERS.has(type)) answers.push({ id: item["call_id"], where });
  }
  flush();
}
