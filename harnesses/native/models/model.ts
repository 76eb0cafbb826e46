// What the loop needs of a model, whatever server it lives on.
import type { HarnessEvent } from "../../events.ts";
import type { ModelCall, Turn } from "./turn.ts";

/** A tool as a model is shown it. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

export interface ModelRequest {
  readonly turns: readonly Turn[];
  readonly system: string;
  readonly tools: readonly ToolDeclaration[];
  readonly effort?: "low" | "medium" | "high" | undefined;
  /** A JSON Schema for the final answer; each adapter uses what its server has for it. */
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
  /** True when the answer to the schema was wrong before: no tools, only the answer. */
  readonly answerOnly?: boolean | undefined;
  readonly maxOutputTokens?: number | undefined;
  /** Ids of calls that were made in this conversation before. */
  readonly takenCallIds: ReadonlySet<string>;
  /** Joins the deltas of this reply to its `message` fact. */
  readonly messageId: string;
  /** Same for all requests of a conversation, so that a server can find its cache. */
  readonly cacheKey: string;
  /** Longest silence on the stream before the call counts as stalled. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/** Why a reply ended. `paused`: the server wants to be called again with what it has said. */
export type StopReason = "end" | "max_tokens" | "context_full" | "paused" | "refused";

export interface ReplyUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** In US dollars, where the server says it. */
  readonly reportedCostUsd: number | null;
}

export interface Reply {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ModelCall[];
  readonly stop: StopReason;
  readonly usage: ReplyUsage;
  /** As `Turn.raw.content`: what this adapter wants back. */
  readonly raw: unknown;
}

export interface Model {
  /** With its provider, as hosts name it. */
  readonly name: string;
  readonly takesPdf: boolean;
  /** More of them its server refuses. */
  readonly maxTools: number;
  /** Streams deltas, returns the whole reply. Throws ModelFailure for what the server or the line did. */
  reply(request: ModelRequest): AsyncGenerator<HarnessEvent, Reply>;
}
