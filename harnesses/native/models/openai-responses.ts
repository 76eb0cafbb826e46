// Speaks OpenAI Responses, statelessly: nothing is stored at the server, encrypted reasoning travels with us.
import type OpenAI from "openai";
import type { HarnessEvent } from "../../events.ts";
import type { ModelAccess } from "../../providers.ts";
import type { Model, ModelRequest, Reply, ReplyUsage, StopReason } from "./model.ts";
import { failureOf, ModelFailure } from "./model-failure.ts";
import { readModelStream } from "./model-stream.ts";
import { traitsOf } from "./model-traits.ts";
import { openOpenaiClient } from "./openai-client.ts";
import { responsesInput } from "./openai-responses-input.ts";
import { ReplyBuilder } from "./reply-builder.ts";
import { strictSchema } from "../loop/structured.ts";

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type OutputItem = OpenAI.Responses.ResponseOutputItem;

export function openaiResponsesModel(access: ModelAccess): Model {
  const name = `${access.provider}/${access.model}`;
  return {
    name,
    takesPdf: true,
    async *reply(request) {
      const client = await openOpenaiClient(access);
      const body = bodyOf(access.model, name, request);
      const open = (signal: AbortSignal) => client.responses.create(body, { signal });
      const reading = new ResponseReader(request.messageId);
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
): OpenAI.Responses.ResponseCreateParamsStreaming {
  const reasons = traitsOf(model).thinking === "adaptive";
  return {
    model,
    stream: true,
    store: false,
    instructions: request.system,
    input: responsesInput(request.turns, name),
    prompt_cache_key: request.cacheKey,
    ...(request.tools.length > 0 && { tools: toolsOf(request), parallel_tool_calls: true }),
    ...(request.answerOnly && request.tools.length > 0 && { tool_choice: "none" as const }),
    ...(request.maxOutputTokens !== undefined && { max_output_tokens: request.maxOutputTokens }),
    ...(reasons && {
      include: ["reasoning.encrypted_content" as const],
      reasoning: { summary: "auto" as const, ...(request.effort && { effort: request.effort }) },
    }),
    ...(request.schema && { text: { format: formatOf(request.schema) } }),
  };
}

function formatOf(
  schema: Readonly<Record<string, unknown>>,
): OpenAI.Responses.ResponseFormatTextJSONSchemaConfig {
  const strict = strictSchema(schema, { allRequired: true });
  return { type: "json_schema", name: "result", schema: strict ?? schema, strict: strict !== null };
}

function toolsOf(request: ModelRequest): OpenAI.Responses.FunctionTool[] {
  return request.tools.map(({ name, description, inputSchema }) => ({
    type: "function",
    name,
    description,
    parameters: inputSchema,
    strict: false,
  }));
}

class ResponseReader {
  readonly #reply: ReplyBuilder;
  readonly #items: OutputItem[] = [];
  #refused = false;
  #response: OpenAI.Responses.Response | null = null;

  constructor(messageId: string) {
    this.#reply = new ReplyBuilder(messageId);
  }

  *read(event: StreamEvent): Generator<HarnessEvent> {
    if (event.type === "response.output_text.delta") yield* this.#reply.addText(event.delta);
    else if (event.type === "response.refusal.delta") {
      this.#refused = true;
      yield* this.#reply.addText(event.delta);
    } else if (event.type === "response.reasoning_summary_part.added") this.#reply.beginReasoning();
    else if (
      event.type === "response.reasoning_summary_text.delta" ||
      event.type === "response.reasoning_text.delta"
    ) {
      yield* this.#reply.addReasoning(event.delta);
    } else if (event.type === "response.function_call_arguments.delta") {
      if (!this.#reply.hasCall(event.output_index))
        throw malformed("arguments of a call that had not begun");
      yield* this.#reply.addInput(event.output_index, event.delta);
    } else this.#follow(event);
  }

  /** Where the response and its items stand. */
  #follow(event: StreamEvent): void {
    if (event.type === "response.output_item.added") this.#begin(event.output_index, event.item);
    else if (event.type === "response.output_item.done") this.#end(event.output_index, event.item);
    else if (event.type === "response.completed" || event.type === "response.incomplete")
      this.#response = event.response;
    else if (event.type === "response.failed") throw failureOf(asSdkError(event.response.error));
    else if (event.type === "error") throw failureOf(asSdkError(event));
  }

  #begin(index: number, item: OutputItem): void {
    if (item.type === "message") this.#reply.beginText();
    else if (item.type === "reasoning") this.#reply.beginReasoning();
    else if (item.type === "function_call") this.#reply.beginCall(index, item.call_id, item.name);
  }

  #end(index: number, item: OutputItem): void {
    this.#items[index] = item;
    if (item.type === "function_call") this.#reply.setInput(index, item.arguments);
  }

  finish(): Reply {
    if (this.#response === null)
      throw new ModelFailure("stream_cut", "The model's stream ended before its reply did", {
        retryable: true,
      });
    const { text, reasoning, calls } = this.#reply;
    const reason = this.#response.incomplete_details?.reason;
    const usage = usageOf(this.#response.usage);
    return {
      text,
      reasoning,
      calls,
      stop: stopOf(reason, this.#refused),
      usage,
      raw: this.#items.filter(canGoBack),
    };
  }
}

/** Reasoning without its sealed content is only a reference to a server that stores nothing. */
function canGoBack(item: OutputItem): boolean {
  return item.type !== "reasoning" || Boolean(item.encrypted_content);
}

function stopOf(reason: string | undefined, refused: boolean): StopReason {
  if (refused || reason === "content_filter") return "refused";
  return reason === "max_output_tokens" ? "max_tokens" : "end";
}

function usageOf(usage: OpenAI.Responses.ResponseUsage | undefined): ReplyUsage {
  return {
    inputTokens: usage?.input_tokens ?? 0,
    outputTokens: usage?.output_tokens ?? 0,
    cachedInputTokens: usage?.input_tokens_details?.cached_tokens ?? 0,
    cacheWriteTokens: usage?.input_tokens_details?.cache_write_tokens ?? 0,
    reasoningTokens: usage?.output_tokens_details?.reasoning_tokens ?? 0,
    reportedCostUsd: null,
  };
}

/** An error told inside of the stream, in the shape of one that the SDK throws. */
function asSdkError(error: { code: string | null; message: string } | null): Error {
  return Object.assign(new Error(error?.message ?? "The response failed"), {
    error: error ?? {},
    code: error?.code ?? null,
  });
}

function malformed(what: string): ModelFailure {
  return new ModelFailure("malformed_stream", `The model's server sent ${what}`, {
    retryable: true,
  });
}
