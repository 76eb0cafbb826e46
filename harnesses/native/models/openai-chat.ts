// Speaks OpenAI chat completions, the dialect of gateways (OpenRouter, Vercel) and of local servers (vLLM, Ollama).
import type OpenAI from "openai";
import type { HarnessEvent } from "../../events.ts";
import type { ModelAccess } from "../../providers.ts";
import { chatExtras, markCached } from "./chat-extras.ts";
import { ModelFailure } from "./model-failure.ts";
import type { Model, ModelRequest, Reply, ReplyUsage, StopReason } from "./model.ts";
import { readModelStream } from "./model-stream.ts";
import { openOpenaiClient } from "./openai-client.ts";
import { chatMessages, type RawChatReply } from "./openai-chat-messages.ts";
import { ReplyBuilder } from "./reply-builder.ts";
import { strictSchema } from "../loop/structured.ts";

type Chunk = OpenAI.Chat.ChatCompletionChunk;
type Body = OpenAI.Chat.ChatCompletionCreateParamsStreaming;

/** Gateways pass PDFs on to models that read them; local servers refuse them. */
const TAKE_PDF: ReadonlySet<string> = new Set(["openrouter", "vercel"]);

export function openaiChatModel(access: ModelAccess): Model {
  const name = `${access.provider}/${access.model}`;
  return {
    name,
    takesPdf: TAKE_PDF.has(access.provider),
    async *reply(request) {
      const client = await openOpenaiClient(access);
      const { fields, marksCache } = chatExtras(access.provider, access.model, request);
      const plain = bodyOf(access.model, name, request);
      const body = {
        ...plain,
        ...fields,
        ...(marksCache && { messages: markCached(plain.messages) }),
      };
      const open = (signal: AbortSignal) => client.chat.completions.create(body, { signal });
      const reading = new ChunkReader(request.messageId);
      for await (const chunk of readModelStream(open, request.stallMs, request.signal))
        yield* reading.read(chunk);
      return reading.finish();
    },
  };
}

function bodyOf(model: string, name: string, request: ModelRequest): Body {
  // Local servers hold a model with a response format to JSON at once, tool calls or not: ask for it only without tools.
  const answersNow = request.answerOnly || request.tools.length === 0;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: "system", content: request.system }, ...chatMessages(request.turns, name)],
    ...(request.tools.length > 0 && { tools: toolsOf(request) }),
    ...(request.answerOnly && request.tools.length > 0 && { tool_choice: "none" as const }),
    ...(request.maxOutputTokens !== undefined && { max_tokens: request.maxOutputTokens }),
    ...(request.schema && answersNow && { response_format: formatOf(request.schema) }),
  };
}

function formatOf(schema: Readonly<Record<string, unknown>>): OpenAI.ResponseFormatJSONSchema {
  const strict = strictSchema(schema, { allRequired: true });
  return {
    type: "json_schema",
    json_schema: { name: "result", schema: strict ?? schema, strict: strict !== null },
  };
}

function toolsOf(request: ModelRequest): OpenAI.Chat.ChatCompletionTool[] {
  return request.tools.map(({ name, description, inputSchema }) => ({
    type: "function",
    function: { name, description, parameters: inputSchema },
  }));
}

/** What servers add to a delta beyond OpenAI's own. */
interface Delta extends OpenAI.Chat.ChatCompletionChunk.Choice.Delta {
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly reasoning_details?: readonly Record<string, unknown>[] | null;
}

class ChunkReader {
  readonly #reply: ReplyBuilder;
  readonly #raw: RawChatReply = { reasoningDetails: [], reasoningContent: "" };
  #usage: OpenAI.CompletionUsage | null = null;
  #finish: string | null = null;
  #refused = false;

  constructor(messageId: string) {
    this.#reply = new ReplyBuilder(messageId);
  }

  *read(chunk: Chunk): Generator<HarnessEvent> {
    this.#usage = chunk.usage ?? this.#usage;
    const choice = chunk.choices?.[0];
    if (choice === undefined) return;
    this.#finish = choice.finish_reason ?? this.#finish;
    const delta: Delta = choice.delta ?? {};
    yield* this.#reply.addReasoning(delta.reasoning_content ?? delta.reasoning ?? "");
    this.#raw.reasoningContent += delta.reasoning_content ?? "";
    for (const detail of delta.reasoning_details ?? [])
      joinDetail(this.#raw.reasoningDetails, detail);
    yield* this.#reply.addText(delta.content ?? "");
    this.#refused ||= Boolean(delta.refusal);
    yield* this.#reply.addText(delta.refusal ?? "");
    for (const call of delta.tool_calls ?? []) yield* this.#grow(call);
  }

  *#grow(call: OpenAI.Chat.ChatCompletionChunk.Choice.Delta.ToolCall): Generator<HarnessEvent> {
    const key = call.index ?? call.id ?? 0;
    const name = call.function?.name;
    if (!this.#reply.hasCall(key)) {
      if (!name)
        throw new ModelFailure(
          "malformed_stream",
          "The model's server sent a tool call without a name",
          { retryable: true },
        );
      this.#reply.beginCall(key, call.id || `call_${crypto.randomUUID()}`, name);
    }
    yield* this.#reply.addInput(key, call.function?.arguments ?? "");
  }

  finish(): Reply {
    if (this.#finish === null)
      throw new ModelFailure("stream_cut", "The model's stream ended before its reply did", {
        retryable: true,
      });
    const { text, reasoning, calls } = this.#reply;
    const stop = stopOf(this.#finish, this.#refused);
    return { text, reasoning, calls, stop, usage: usageOf(this.#usage), raw: this.#raw };
  }
}

/** OpenRouter streams reasoning that must be given back as it was: pieces of one entry share their index. */
function joinDetail(details: Record<string, unknown>[], piece: Record<string, unknown>): void {
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

function stopOf(finish: string, refused: boolean): StopReason {
  if (refused || finish === "content_filter") return "refused";
  return finish === "length" ? "max_tokens" : "end";
}

function usageOf(usage: (OpenAI.CompletionUsage & { cost?: unknown }) | null): ReplyUsage {
  return {
    inputTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
    cachedInputTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    cacheWriteTokens: usage?.prompt_tokens_details?.cache_write_tokens ?? 0,
    reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    reportedCostUsd: typeof usage?.cost === "number" ? usage.cost : null,
  };
}
