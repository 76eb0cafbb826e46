// Builds one reply from Anthropic's stream. What a server leaves out is read as empty; block types we do not know are kept for giving back.
import type { HarnessEvent } from "../../../events.ts";
import { isObject, textOf, type Json } from "../../gate/json.ts";
import type { ModelRequest, Reply, ReplyUsage } from "../model.ts";
import { ReplyBuilder } from "../reply-builder.ts";
import { cutOff, malformed, stopReasonOf } from "../stop-reason.ts";

export class MessageReader {
  readonly #reply: ReplyBuilder;
  readonly #blocks = new Map<number, Json>();
  #usage: Json = {};
  #stop: string | null = null;
  #ended = false;

  constructor({ messageId, takenCallIds }: Pick<ModelRequest, "messageId" | "takenCallIds">) {
    this.#reply = new ReplyBuilder(messageId, takenCallIds);
  }

  *read(data: unknown): Generator<HarnessEvent> {
    const event = isObject(data) ? data : {};
    const part = (name: string): Json => (isObject(event[name]) ? event[name] : {});
    if (event["type"] === "message_start") this.#note(part("message")["usage"]);
    else if (event["type"] === "content_block_start")
      yield* this.#begin(this.#indexOf(event, this.#blocks.size), part("content_block"));
    else if (event["type"] === "content_block_delta")
      yield* this.#grow(this.#indexOf(event, this.#blocks.size - 1), part("delta"));
    else if (event["type"] === "message_delta") {
      this.#stop = textOf(part("delta")["stop_reason"]) || this.#stop;
      this.#note(event["usage"]);
    } else if (event["type"] === "message_stop") this.#ended = true;
  }

  #indexOf(event: Json, otherwise: number): number {
    return typeof event["index"] === "number" ? event["index"] : otherwise;
  }

  #note(usage: unknown): void {
    const said = Object.entries(isObject(usage) ? usage : {}).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(said) };
  }

  *#begin(index: number, block: Json): Generator<HarnessEvent> {
    if (block["type"] === "text") {
      this.#blocks.set(index, { ...block, text: textOf(block["text"]) });
      yield* this.#reply.beginText();
      yield* this.#reply.addText(block["text"]);
    } else if (block["type"] === "thinking") {
      const [thinking, signature] = [textOf(block["thinking"]), textOf(block["signature"])];
      this.#blocks.set(index, { ...block, thinking, signature });
      yield* this.#reply.beginReasoning();
      yield* this.#reply.addReasoning(thinking);
    } else if (block["type"] === "tool_use") {
      const name = textOf(block["name"]);
      if (name === "") throw malformed("a tool call without a name");
      this.#blocks.set(index, { ...block, id: this.#reply.beginCall(index, block["id"], name) });
    } else this.#blocks.set(index, { ...block });
  }

  *#grow(index: number, delta: Json): Generator<HarnessEvent> {
    const block = this.#blocks.get(index);
    if (block === undefined) throw malformed(`a piece of block ${index}, which had not begun`);
    const append = (name: string): void => {
      block[name] = textOf(block[name]) + textOf(delta[name]);
    };
    if (delta["type"] === "text_delta" && block["type"] === "text") {
      append("text");
      yield* this.#reply.addText(delta["text"]);
    } else if (delta["type"] === "thinking_delta" && block["type"] === "thinking") {
      append("thinking");
      yield* this.#reply.addReasoning(delta["thinking"]);
    } else if (delta["type"] === "signature_delta" && block["type"] === "thinking")
      append("signature");
    else if (delta["type"] === "input_json_delta")
      yield* this.#reply.addInput(index, delta["partial_json"]);
  }

  *finish(): Generator<HarnessEvent, Reply> {
    if (!this.#ended) throw cutOff();
    yield* this.#takeWholeInputs();
    yield* this.#reply.end();
    const { text, reasoning, calls } = this.#reply;
    const stop = stopReasonOf(this.#stop ?? "end_turn");
    return { text, reasoning, calls, stop, usage: usageOf(this.#usage), raw: this.#content() };
  }

  /** Some servers give the whole input as a block begins, and no piece of it later. */
  *#takeWholeInputs(): Generator<HarnessEvent> {
    for (const [index, { type, input }] of this.#blocks) {
      const isWhole = typeof input === "string" ? input !== "" : isObject(input);
      if (type !== "tool_use" || !isWhole || this.#reply.inputTextOf(index) !== "") continue;
      const text = typeof input === "string" ? input : JSON.stringify(input);
      if (text !== "{}") yield* this.#reply.addInput(index, text);
    }
  }

  #content(): Json[] {
    const inOrder = [...this.#blocks].sort(([one], [other]) => one - other);
    return inOrder.flatMap(([index, block]) => {
      if (block["type"] === "text" && block["text"] === "") return [];
      if (block["type"] !== "tool_use") return [block];
      return [{ ...block, input: this.#reply.callOf(index)?.input ?? {} }];
    });
  }
}

function usageOf(usage: Json): ReplyUsage {
  const count = (value: unknown): number => (typeof value === "number" ? value : 0);
  const cachedInputTokens = count(usage["cache_read_input_tokens"]);
  const cacheWriteTokens = count(usage["cache_creation_input_tokens"]);
  const details = usage["output_tokens_details"];
  return {
    inputTokens: count(usage["input_tokens"]) + cachedInputTokens + cacheWriteTokens,
    outputTokens: count(usage["output_tokens"]),
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens: isObject(details) ? count(details["thinking_tokens"]) : 0,
    reportedCostUsd: null,
  };
}
