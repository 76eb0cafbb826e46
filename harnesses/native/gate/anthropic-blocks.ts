// One message for Anthropic: blocks that its server refuses are repaired, or left out.
import { isPdf, judgeImage } from "../media/image.ts";
import { sayableName } from "./calls.ts";
import { isBlank, isObject, objectsOf, textOf, type Json } from "./json.ts";
import { BLANK_MESSAGE, NO_OUTPUT, UNSHOWN_PDF, unshownImage } from "./words.ts";

/** `leftOut`: images that are one too many. Nothing for a message of the model that says nothing. */
export function cleanMessage(message: Json, leftOut: ReadonlyMap<Json, string>): Json[] {
  const given =
    typeof message["content"] === "string"
      ? [{ type: "text", text: message["content"] }]
      : objectsOf(message["content"]);
  if (message["role"] === "assistant") {
    const content = withoutLastThinking(given.flatMap(cleanModelBlock));
    return content.length === 0 ? [] : [{ ...message, content }];
  }
  const content = given.flatMap((block) => cleanUserBlock(block, leftOut));
  return [
    {
      ...message,
      role: "user",
      content: content.length === 0 ? [{ type: "text", text: BLANK_MESSAGE }] : content,
    },
  ];
}

function cleanModelBlock(block: Json): Json[] {
  if (block["type"] === "text") return isBlank(block["text"]) ? [] : [block];
  if (block["type"] === "thinking") return isSigned(block) ? [block] : [];
  if (block["type"] === "redacted_thinking") return textOf(block["data"]) === "" ? [] : [block];
  if (block["type"] === "tool_use") {
    const input = isObject(block["input"]) ? block["input"] : {};
    return [{ ...block, name: sayableName(block["name"]), input }];
  }
  return typeof block["type"] === "string" && block["type"] !== "tool_result" ? [block] : [];
}

/** What was signed cannot be repaired: half a surrogate pair in it is as bad as no signature. */
function isSigned(block: Json): boolean {
  const { thinking, signature } = block;
  return (
    typeof thinking === "string" &&
    thinking.isWellFormed() &&
    textOf(signature) !== "" &&
    textOf(signature).isWellFormed()
  );
}

export function isThinking({ type }: Json): boolean {
  return type === "thinking" || type === "redacted_thinking";
}

function withoutLastThinking(blocks: readonly Json[]): Json[] {
  return blocks.slice(0, blocks.findLastIndex((block) => !isThinking(block)) + 1);
}

function cleanUserBlock(block: Json, leftOut: ReadonlyMap<Json, string>): Json[] {
  if (block["type"] === "tool_result")
    return [{ ...block, ...("content" in block && { content: cleanResult(block, leftOut) }) }];
  if (block["type"] === "text") return isBlank(block["text"]) ? [] : [block];
  if (block["type"] === "image") return [cleanImage(block, leftOut)];
  if (block["type"] === "document") return [cleanDocument(block)];
  return typeof block["type"] === "string" && block["type"] !== "tool_use" ? [block] : [];
}

function cleanResult(block: Json, leftOut: ReadonlyMap<Json, string>): unknown {
  const { content } = block;
  if (typeof content === "string") return isBlank(content) ? NO_OUTPUT : content;
  const parts = objectsOf(content).flatMap((part) => cleanUserBlock(part, leftOut));
  return parts.length === 0 ? [{ type: "text", text: NO_OUTPUT }] : parts;
}

function cleanImage(block: Json, leftOut: ReadonlyMap<Json, string>): Json {
  const source = isObject(block["source"]) ? block["source"] : {};
  const problem =
    leftOut.get(block) ?? judgeImage(textOf(source["media_type"]), textOf(source["data"])).problem;
  return problem === null ? block : { type: "text", text: unshownImage(problem) };
}

function cleanDocument(block: Json): Json {
  const source = isObject(block["source"]) ? block["source"] : {};
  if (source["media_type"] !== "application/pdf" || isPdf(textOf(source["data"]))) return block;
  return { type: "text", text: UNSHOWN_PDF };
}
