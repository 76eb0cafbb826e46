// Speaks Anthropic Messages: our turns to its messages, its stream to our deltas and one reply.
import type Anthropic from "@anthropic-ai/sdk";
import type { HarnessEvent } from "../../events.ts";
import type { ModelAccess } from "../../providers.ts";
import { anthropicMessages } from "./anthropic-messages.ts";
import { ModelFailure } from "./model-failure.ts";
import type { Model, ModelRequest, Reply, ReplyUsage, StopReason } from "./model.ts";
import { readModelStream } from "./model-stream.ts";
import { traitsOf } from "./model-traits.ts";
import { ReplyBuilder } from "./reply-builder.ts";
import { strictSchema } from "../loop/structured.ts";

/** Thinking tokens for models that are told a number. */
const THINKING_BUDGET = { low: 2_048, medium: 8_192, high: 16_384 };

export function anthropicModel(access: ModelAccess): Model {
  const name = `${access.provider}/${access.model}`;
  return {
    name,
    takesPdf: true,
    async *reply(request) {
      const { default: Client } = await import("@anthropic-ai/sdk");
      const client = new Client({
        apiKey: access.apiKey,
        baseURL: access.baseUrl,
        maxRetries: 0,
        logLevel: "off",
      });
      const body = bodyOf(access.model, name, request);
      const open = (signal: AbortSignal) => client.messages.create(body, { signal });
      const reading = new MessageReader(request.messageId);
      for await (const event of readModelStream(open, request.stallMs, request.signal))
        yield* reading.read(event);
      return reading.finish();
    },
  };
}

function bodyOf(
  model: string,
  name: string,
  request: ModelRequest,
): Anthropic.MessageCreateParamsStreaming {
  const traits = traitsOf(model);
  const { effort } = request;
  const maxTokens = request.maxOutputTokens ?? traits.maxOutputTokens;
  const budget = Math.min(THINKING_BUDGET[effort ?? "low"], maxTokens - 1_024);
  // Models of before structured outputs refuse a format.
  const format =
    request.schema &&
    traits.thinking !== "none" &&
    strictSchema(request.schema, { allRequired: false });
  const outputConfig = {
    ...(format && { format: { type: "json_schema" as const, schema: format } }),
    ...(effort && traits.thinking === "adaptive" && { effort }),
  };
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    system: [{ type: "text", text: request.system, cache_control: { type: "ephemeral" } }],
    messages: anthropicMessages(request.turns, name),
    ...(request.tools.length > 0 && { tools: toolsOf(request) }),
    ...(request.answerOnly &&
      request.tools.length > 0 && { tool_choice: { type: "none" as const } }),
    ...(Object.keys(outputConfig).length > 0 && { output_config: outputConfig }),
    // Without a display, newer models think, and speak between tool calls, unseen.
    ...(traits.thinking === "adaptive" && {
      thinking: { type: "adaptive" as const, display: "summarized" as const },
    }),
    ...(traits.thinking === "budget" &&
      effort &&
      budget >= 1_024 && { thinking: { type: "enabled" as const, budget_tokens: budget } }),
  };
}

function toolsOf(request: ModelRequest): Anthropic.Tool[] {
  return request.tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    input_schema: { ...inputSchema, type: "object" as const },
  }));
}

/** Builds the reply from the stream's events. Block types it does not know are kept for giving back. */
class MessageReader {
  readonly #reply: ReplyBuilder;
  readonly #blocks: Anthropic.ContentBlock[] = [];
  #usage: Partial<Anthropic.Usage> = {};
  #stop: Anthropic.StopReason | null = null;
  #ended = false;

  constructor(messageId: string) {
    this.#reply = new ReplyBuilder(messageId);
  }

  *read(event: Anthropic.RawMessageStreamEvent): Generator<HarnessEvent> {
    if (event.type === "message_start") this.#usage = { ...event.message.usage };
    else if (event.type === "content_block_start")
      yield* this.#begin(event.index, event.content_block);
    else if (event.type === "content_block_delta") yield* this.#grow(event.index, event.delta);
    else if (event.type === "message_delta") this.#close(event);
    else if (event.type === "message_stop") this.#ended = true;
  }

  *#begin(index: number, block: Anthropic.ContentBlock): Generator<HarnessEvent> {
    this.#blocks[index] = { ...block };
    if (block.type === "text") {
      this.#reply.beginText();
      yield* this.#reply.addText(block.text);
    } else if (block.type === "thinking") {
      this.#reply.beginReasoning();
      yield* this.#reply.addReasoning(block.thinking);
    } else if (block.type === "tool_use") this.#reply.beginCall(index, block.id, block.name);
  }

  *#grow(index: number, delta: Anthropic.RawContentBlockDelta): Generator<HarnessEvent> {
    const block = this.#blocks[index];
    if (block === undefined) throw malformed(`a piece of block ${index}, which had not begun`);
    if (delta.type === "text_delta" && block.type === "text") {
      block.text += delta.text;
      yield* this.#reply.addText(delta.text);
    } else if (delta.type === "thinking_delta" && block.type === "thinking") {
      block.thinking += delta.thinking;
      yield* this.#reply.addReasoning(delta.thinking);
    } else if (delta.type === "signature_delta" && block.type === "thinking")
      block.signature += delta.signature;
    else if (delta.type === "input_json_delta")
      yield* this.#reply.addInput(index, delta.partial_json);
  }

  #close({ delta, usage }: Anthropic.RawMessageDeltaEvent): void {
    this.#stop = delta.stop_reason ?? this.#stop;
    const said = Object.entries(usage ?? {}).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(said) };
  }

  finish(): Reply {
    if (!this.#ended)
      throw new ModelFailure("stream_cut", "The model's stream ended before its reply did", {
        retryable: true,
      });
    const calls = this.#reply.calls;
    const inputs = new Map(calls.map((call) => [call.toolCallId, call.input]));
    const content = this.#blocks.flatMap((block) => {
      if (block.type === "text" && block.text === "") return [];
      return [block.type === "tool_use" ? { ...block, input: inputs.get(block.id) ?? {} } : block];
    });
    const { text, reasoning } = this.#reply;
    return {
      text,
      reasoning,
      calls,
      stop: stopOf(this.#stop),
      usage: usageOf(this.#usage),
      raw: content,
    };
  }
}

function stopOf(reason: Anthropic.StopReason | null): StopReason {
  if (reason === "refusal") return "refused";
  if (reason === "pause_turn") return "paused";
  if (reason === "model_context_window_exceeded") return "context_full";
  return reason === "max_tokens" ? "max_tokens" : "end";
}

function usageOf(usage: Partial<Anthropic.Usage>): ReplyUsage {
  const cachedInputTokens = usage.cache_read_input_tokens ?? 0;
  const cacheWriteTokens = usage.cache_creation_input_tokens ?? 0;
  return {
    inputTokens: (usage.input_tokens ?? 0) + cachedInputTokens + cacheWriteTokens,
    outputTokens: usage.output_tokens ?? 0,
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
    reportedCostUsd: null,
  };
}

function malformed(what: string): ModelFailure {
  return new ModelFailure("malformed_stream", `The model's server sent ${what}`, {
    retryable: true,
  });
}
