// Builds one reply from the stream of OpenAI Responses. What a server leaves out is read as empty.
import type { HarnessEvent } from "../../../events.ts";
import { isObject, objectsOf, textOf, type Json } from "../../gate/json.ts";
import type { ModelRequest, Reply, ReplyUsage, StopReason } from "../model.ts";
import { failureOfToldError } from "../model-failure.ts";
import { ReplyBuilder } from "../reply-builder.ts";
import { DONE } from "../sse.ts";
import { cutOff, malformed, stopReasonOf } from "../stop-reason.ts";

export class ResponseReader {
  readonly #reply: ReplyBuilder;
  readonly #items = new Map<number, Json>();
  #refused = false;
  #response: Json | null = null;

  constructor({ messageId, takenCallIds }: Pick<ModelRequest, "messageId" | "takenCallIds">) {
    this.#reply = new ReplyBuilder(messageId, takenCallIds);
  }

  *read(data: unknown): Generator<HarnessEvent> {
    if (!isObject(data) || data === (DONE as unknown)) return;
    const { type, delta } = data;
    if (type === "response.output_text.delta") yield* this.#reply.addText(delta);
    else if (type === "response.refusal.delta") {
      this.#refused = true;
      yield* this.#reply.addText(delta);
    } else if (type === "response.reasoning_summary_part.added")
      yield* this.#reply.beginReasoning();
    else if (
      type === "response.reasoning_summary_text.delta" ||
      type === "response.reasoning_text.delta"
    ) {
      yield* this.#reply.addReasoning(delta);
    } else if (type === "response.function_call_arguments.delta") {
      const index = this.#indexOf(data);
      if (!this.#reply.hasCall(index)) throw malformed("arguments of a call that had not begun");
      yield* this.#reply.addInput(index, delta);
    } else yield* this.#follow(data);
  }

  #indexOf({ output_index }: Json): number {
    return typeof output_index === "number" ? output_index : Math.max(0, this.#items.size - 1);
  }

  /** Where the response and its items stand. */
  *#follow(event: Json): Generator<HarnessEvent> {
    const part = (name: string): Json => (isObject(event[name]) ? event[name] : {});
    const { type } = event;
    if (type === "response.output_item.added") yield* this.#begin(event, part("item"));
    else if (type === "response.output_item.done") yield* this.#end(event, part("item"));
    else if (type === "response.completed" || type === "response.incomplete")
      this.#response = part("response");
    else if (type === "response.failed")
      throw failureOfToldError(part("response")["error"] ?? "The response failed");
    else if (type === "error") throw failureOfToldError(event);
  }

  *#begin(event: Json, item: Json): Generator<HarnessEvent> {
    const { output_index } = event;
    const index = typeof output_index === "number" ? output_index : this.#items.size;
    this.#items.set(index, item);
    if (item["type"] === "message") yield* this.#reply.beginText();
    else if (item["type"] === "reasoning") yield* this.#reply.beginReasoning();
    else if (item["type"] === "function_call") {
      const name = textOf(item["name"]);
      if (name === "") throw malformed("a tool call without a name");
      this.#reply.beginCall(index, item["call_id"], name);
    }
  }

  *#end(event: Json, item: Json): Generator<HarnessEvent> {
    const index = this.#indexOf(event);
    if (item["type"] === "function_call") {
      if (!this.#reply.hasCall(index)) yield* this.#begin(event, item); // never announced
      const given = item["arguments"];
      const text = isObject(given) ? JSON.stringify(given) : textOf(given);
      if (text !== "") yield* this.#reply.setInput(index, text);
    }
    this.#items.set(index, item);
  }

  *finish(): Generator<HarnessEvent, Reply> {
    if (this.#response === null) throw cutOff();
    yield* this.#reply.end();
    const { text, reasoning, calls } = this.#reply;
    const stop = this.#refused ? "refused" : stopOf(this.#response);
    return { text, reasoning, calls, stop, usage: usageOf(this.#response), raw: this.#raw() };
  }

  /** The items for giving back: calls under the ids that they have with us. */
  #raw(): Json[] {
    const inOrder = [...this.#items].sort(([one], [other]) => one - other);
    return inOrder.flatMap(([index, item]) => {
      const call = this.#reply.callOf(index);
      if (call && item["type"] === "function_call") return [{ ...item, call_id: call.toolCallId }];
      return canGoBack(item) ? [item] : [];
    });
  }
}

/** Reasoning without its sealed content is only a reference to a server that stores nothing. */
function canGoBack(item: Json): boolean {
  return item["type"] !== "reasoning" || textOf(item["encrypted_content"]) !== "";
}

function stopOf(response: Json): StopReason {
  const details = response["incomplete_details"];
  const reason = isObject(details) ? textOf(details["reason"]) : "";
  if (reason !== "") return stopReasonOf(reason);
  const status = textOf(response["status"]) || "completed";
  return stopReasonOf(status === "incomplete" ? "max_output_tokens" : status);
}

function usageOf(response: Json): ReplyUsage {
  const inner = (from: Json, name: string): Json => objectsOf([from[name]])[0] ?? {};
  const count = (value: unknown): number => (typeof value === "number" ? value : 0);
  const usage = inner(response, "usage");
  const input = inner(usage, "input_tokens_details");
  return {
    inputTokens: count(usage["input_tokens"]),
    outputTokens: count(usage["output_tokens"]),
    cachedInputTokens: count(input["cached_tokens"]),
    cacheWriteTokens: count(input["cache_write_tokens"]),
    reasoningTokens: count(inner(usage, "output_tokens_details")["reasoning_tokens"]),
    reportedCostUsd: null,
  };
}
