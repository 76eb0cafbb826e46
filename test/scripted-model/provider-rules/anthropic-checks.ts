// Anthropic Messages: what its server refuses.
import { checkImage, checkPdf, type Dimensions } from "./media-checks.ts";
import {
  CallLedger,
  checkText,
  isObject,
  objectsIn,
  type JsonObject,
  type Report,
} from "./report.ts";
import { checkTools } from "./tool-checks.ts";

const MAX_IMAGES = 100;
const MANY_IMAGES = 20;

/** One side's messages in a row count as one: the server joins them. */
interface Side {
  readonly role: unknown;
  readonly blocks: { readonly block: JsonObject; readonly where: string }[];
}

export function checkAnthropic(body: JsonObject, report: Report): void {
  const sides = readSides(body, report);
  if (sides.length === 0) return report("conversation-present", "messages");
  if (sides[0]?.role !== "user") report("first-from-user", "messages[0]");
  checkSystem(body["system"], report);
  checkCalls(sides, body, report);
  checkThinking(sides.at(-1), sides, body, report);
  checkImages(sides, report);
  checkMarks(body, report);
  if (body["tools"] !== undefined) {
    const tools = objectsIn(body["tools"], "tools", report).map((tool, index) => ({
      name: tool["name"],
      schema: tool["input_schema"],
      where: `tools[${index}]`,
    }));
    checkTools(tools, "anthropic", report);
  }
}

function readSides(body: JsonObject, report: Report): Side[] {
  const sides: Side[] = [];
  for (const [index, message] of objectsIn(body["messages"], "messages", report).entries()) {
    const { role, content } = message;
    const where = `messages[${index}]`;
    if (role !== "user" && role !== "assistant") report("fields-are-there", `${where}.role`);
    const given = typeof content === "string" ? [{ type: "text", text: content }] : content;
    const blocks = objectsIn(given, `${where}.content`, report);
    if (blocks.length === 0) report("message-not-empty", where);
    const placed = blocks.map((block, at) => ({ block, where: `${where}.content[${at}]` }));
    for (const each of placed) checkBlock(each.block, each.where, role === "user", report);
    const last = sides.at(-1);
    if (last?.role === role) last?.blocks.push(...placed);
    else sides.push({ role, blocks: placed });
  }
  return sides;
}

function checkBlock(block: JsonObject, where: string, isUser: boolean, report: Report): void {
  const { type } = block;
  if (typeof type !== "string") return report("fields-are-there", `${where}.type`);
  if (type === "text") checkText(block["text"], where, report);
  else if (type === "document") checkDocument(block, where, report);
  else if (type === "tool_result") checkResult(block, where, isUser, report);
  else if (type === "tool_use") {
    if (isUser) report("fields-are-there", `${where}: a call by the user`);
    if (!isObject(block["input"])) report("call-input", where);
  } else if (type === "thinking") {
    if (typeof block["thinking"] !== "string") report("thinking-signed", where);
    if (typeof block["signature"] !== "string" || block["signature"] === "")
      report("thinking-signed", where);
  } else if (type === "redacted_thinking") {
    if (typeof block["data"] !== "string" || block["data"] === "") report("thinking-signed", where);
  }
}

function checkDocument(block: JsonObject, where: string, report: Report): void {
  const source = isObject(block["source"]) ? block["source"] : {};
  if (source["media_type"] === "application/pdf") checkPdf(source["data"], where, report);
  if (block["title"] !== undefined && typeof block["title"] !== "string")
    report("fields-are-there", `${where}.title`);
}

function checkResult(block: JsonObject, where: string, isUser: boolean, report: Report): void {
  if (!isUser) report("fields-are-there", `${where}: an answer by the model`);
  const { content } = block;
  if (content === undefined) return;
  if (typeof content === "string") return checkText(content, `${where}.content`, report);
  const parts = objectsIn(content, `${where}.content`, report);
  if (parts.length === 0) report("message-not-empty", `${where}.content`);
  for (const [index, part] of parts.entries())
    if (part["type"] === "text") checkText(part["text"], `${where}.content[${index}]`, report);
}

function checkSystem(system: unknown, report: Report): void {
  if (system === undefined || typeof system === "string") return;
  for (const [index, block] of objectsIn(system, "system", report).entries())
    checkText(block["text"], `system[${index}]`, report);
}

function checkCalls(sides: readonly Side[], body: JsonObject, report: Report): void {
  const ledger = new CallLedger(report, (id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id));
  let isUsed = false;
  const of = (side: Side | undefined, type: string) =>
    (side?.blocks ?? []).filter(({ block }) => block["type"] === type);
  for (const [index, side] of sides.entries()) {
    if (side.role === "user" && index > 0) continue;
    const next = side.role === "user" ? side : sides[index + 1];
    const calls = side.role === "user" ? [] : of(side, "tool_use");
    const answers = of(next, "tool_result");
    isUsed ||= calls.length > 0;
    ledger.checkTurn(
      calls.map(({ block, where }) => ({ id: block["id"], name: block["name"], where })),
      answers.map(({ block, where }) => ({ id: block["tool_use_id"], where })),
    );
    const firstOther = next?.blocks.findIndex(({ block }) => block["type"] !== "tool_result") ?? -1;
    if (
      firstOther >= 0 &&
      answers.some(
        ({ block }) => next!.blocks.findIndex((each) => each.block === block) > firstOther,
      )
    )
      report("answers-first", answers[0]?.where ?? "");
  }
  if (isUsed && body["tools"] === undefined) report("tools-declared", "tools");
}

const isThinking = (block: JsonObject | undefined): boolean =>
  block?.["type"] === "thinking" || block?.["type"] === "redacted_thinking";

function checkThinking(
  last: Side | undefined,
  sides: readonly Side[],
  body: JsonObject,
  report: Report,
): void {
  const thinking = isObject(body["thinking"]) ? body["thinking"] : { type: "disabled" };
  for (const { role, blocks } of sides) {
    const end = blocks.at(-1);
    if (role === "assistant" && isThinking(end?.block)) report("thinking-not-last", end!.where);
  }
  const spoken = sides.findLast(({ role }) => role === "assistant");
  const calls = spoken?.blocks.some(({ block }) => block["type"] === "tool_use");
  if (thinking["type"] === "enabled") {
    if (calls && !isThinking(spoken?.blocks[0]?.block))
      report("thinking-begins", spoken!.blocks[0]!.where);
    const budget = Number(thinking["budget_tokens"]);
    if (!(budget >= 1024 && budget < Number(body["max_tokens"])))
      report("thinking-budget", `${budget}`);
  }
  if (last?.role !== "assistant") return;
  if (thinking["type"] === "disabled" && last.blocks.some(({ block }) => isThinking(block)))
    report("thinking-disabled", "messages");
  const text = last.blocks.at(-1)?.block["text"];
  if (typeof text === "string" && /\s$/.test(text)) report("no-trailing-space", "messages");
}

function checkImages(sides: readonly Side[], report: Report): void {
  const found: { where: string; size: Dimensions | null }[] = [];
  const look = (block: JsonObject, where: string): void => {
    if (block["type"] === "tool_result" && Array.isArray(block["content"]))
      block["content"].filter(isObject).forEach((part) => look(part, where));
    if (block["type"] !== "image") return;
    const source = isObject(block["source"]) ? block["source"] : {};
    found.push({ where, size: checkImage(source["media_type"], source["data"], where, report) });
  };
  for (const { blocks } of sides) for (const { block, where } of blocks) look(block, where);
  if (found.length > MAX_IMAGES) report("image-dimensions", `${found.length} images`);
  const limit = found.length > MANY_IMAGES ? 2000 : 8000;
  for (const { where, size } of found)
    if (size && Math.max(size.width, size.height) > limit)
      report("image-dimensions", `${where}: ${size.width}x${size.height}`);
}

function checkMarks(body: JsonObject, report: Report): void {
  const marked: JsonObject[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (isObject(value)) {
      if (isObject(value["cache_control"])) marked.push(value);
      if (value["type"] !== "tool_use") look(value["content"]);
    }
  };
  for (const part of [body["tools"], body["system"], body["messages"]]) look(part);
  if (marked.length > 4) report("cache-marks", `${marked.length}`);
  if (marked.some(isThinking)) report("cache-marks", "on thinking");
}
