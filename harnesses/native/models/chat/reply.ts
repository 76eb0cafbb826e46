// Builds one reply from the chunks of a chat completion. What a server leaves out is read as empty.
import type { HarnessEvent } from "../../../events.ts";
import { isObject, objectsOf, textOf, type Json } from "../../gate/json.ts";
import type { ModelRequest, Reply, ReplyUsage } from "../model.ts";
import { ReplyBuilder } from "../reply-builder.ts";
import { DONE } from "../sse.ts";
import { cutOff, stopReasonOf } from "../stop-reason.ts";
import { CallPieces } from "./call-pieces.ts";
import type { RawChatReply } from "./messages.ts";

export class ChunkReader {
  readonly #reply: ReplyBuilder;
  readonly #pieces: CallPieces;
  readonly #raw: RawChatReply = { reasoningDetails: [], reasoningContent: "" };
  #usage: Json = {};
  #finish: string | null = null;
  #isDone = false;
  #refused = false;

  constructor({ messageId, takenCallIds }: Pick<ModelRequest, "messageId" | "takenCallIds">) {
    this.#reply = new ReplyBuilder(messageId, takenCallIds);
    this.#pieces = new CallPieces(this.#reply);
  }

  *read(chunk: unknown): Generator<HarnessEvent> {
    if (chunk === DONE) this.#isDone = true;
    if (!isObject(chunk)) return;
    if (isObject(chunk["usage"])) this.#usage = chunk["usage"];
    const [choice] = objectsOf(chunk["choices"]);
    if (choice === undefined) return;
    this.#finish = textOf(choice["finish_reason"]) || this.#finish;
    if (isObject(choice["delta"])) yield* this.#grow(choice["delta"]);
  }

  *#grow(delta: Json): Generator<HarnessEvent> {
    const reasoning = textOf(delta["reasoning_content"]);
    yield* this.#reply.addReasoning(reasoning || delta["reasoning"]);
    this.#raw.reasoningContent += reasoning;
    for (const detail of objectsOf(delta["reasoning_details"]))
      joinDetail(this.#raw.reasoningDetails, detail);
    yield* this.#addContent(delta["content"]);
    this.#refused ||= textOf(delta["refusal"]) !== "";
    yield* this.#reply.addText(delta["refusal"]);
    for (const piece of objectsOf(delta["tool_calls"])) yield* this.#pieces.add(piece);
  }

  /** A text; from Mistral's reasoning models also a list of parts. */
  *#addContent(content: unknown): Generator<HarnessEvent> {
    yield* this.#reply.addText(content);
    for (const part of objectsOf(content)) {
      yield* this.#reply.addText(part["text"]);
      for (const thought of objectsOf(part["thinking"]))
        yield* this.#reply.addReasoning(thought["text"]);
    }
  }

  *finish(): Generator<HarnessEvent, Reply> {
    this.#pieces.finish();
    yield* this.#reply.end();
    const { text, reasoning, calls } = this.#reply;
    // A server that says that it is done, and has said something, has ended the reply.
    const saidAll = this.#isDone && (text !== "" || calls.length > 0);
    const finish = this.#finish ?? (saidAll ? "stop" : null);
    if (finish === null) throw cutOff();
    const stop = this.#refused ? "refused" : stopReasonOf(finish);
    return { text, reasoning, calls, stop, usage: usageOf(this.#usage), raw: this.#raw };
  }
}

/** OpenRouter streams reasoning that must be given back as it was: pieces of one entry share their index. */
function joinDetail(details: Record<string, unknown>[], piece: Json): void {
  const last = details.at(-1);
  if (last === undefined || last["type"] !== piece["type"] || last["index"] !== piece["index"])
    return void details.push({ ...piece });
  for (const [key, value] of Object.entries(piece)) {
    const before = last[key];
    const joins =
      ["text", "summary", "data"].includes(key) &&
      typeof before === "string" &&
      typeof value === "string";
    last[key] = joins ? before + value : (value ?? before);
  }
}

function usageOf(usage: Json): ReplyUsage {
  const count = (value: unknown): number => (typeof value === "number" ? value : 0);
  const detail = (name: string, field: string): number => {
    const details = usage[name];
    return isObject(details) ? count(details[field]) : 0;
  };
  return {
    inputTokens: count(usage["prompt_tokens"]),
    outputTokens: count(usage["completion_tokens"]),
    cachedInputTokens: detail("prompt_tokens_details", "cached_tokens"),
    cacheWriteTokens: detail("prompt_tokens_details", "cache_write_tokens"),
    reasoningTokens: detail("completion_tokens_details", "reasoning_tokens"),
    reportedCostUsd: typeof usage["cost"] === "number" ? usage["cost"] : null,
  };
}
