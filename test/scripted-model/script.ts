// What a script for the scripted model is made of: steps, the calls they make, the faults they show, and the requests that came.
import type { IncomingHttpHeaders } from "node:http";
import type { ModelDialect } from "../../harnesses/providers.ts";

/** A tool call by what it means; `intents.ts` finds the tool that the asking harness offers for it. */
export type Intent =
  | { readonly intent: "shell"; readonly command: string }
  | { readonly intent: "write"; readonly path: string; readonly content: string }
  /** `oldText` must be whole lines, for harnesses that edit by patch. */
  | {
      readonly intent: "edit";
      readonly path: string;
      readonly oldText: string;
      readonly newText: string;
    }
  | { readonly intent: "read"; readonly path: string }
  /** Left out for a harness that offers no tool for a plan. */
  | { readonly intent: "plan"; readonly steps: readonly PlanStep[] }
  | {
      readonly intent: "mcp";
      readonly server: string;
      readonly tool: string;
      readonly input: Readonly<Record<string, unknown>>;
    }
  /** An answer under a JSON Schema: by the harness's tool for it, or as plain text. */
  | { readonly intent: "answer"; readonly json: unknown };

export interface PlanStep {
  readonly text: string;
  readonly status: "pending" | "in_progress" | "completed";
}

/** An intent, or a tool by its name as the harness offers it. A string input makes the call malformed on purpose; `id` is given as it is. */
export type Call =
  | Intent
  | { readonly tool: string; readonly input: unknown; readonly id?: string };

/** How a reply goes wrong. Chunks are the pieces of text, reasoning and tool input; opening frames do not count. */
export type Fault =
  | { readonly status: number; readonly retryAfterS?: number | string; readonly body?: unknown }
  | { readonly cutAfterChunks: number }
  | { readonly malformedAfterChunks: number }
  /** Then nothing more, until the client goes. */
  | { readonly stallAfterChunks: number }
  /** An error event in the stream, in place of the rest. */
  | { readonly sseError: string }
  /** The connection is reset before any answer. */
  | { readonly refuse: true };

export interface Usage {
  /** All input tokens, cached ones included, in every dialect. */
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

/** One answer of the model. */
export interface Step {
  readonly reasoning?: string;
  readonly text?: string;
  /** Several are parallel calls. */
  readonly calls?: readonly Call[];
  readonly usage?: Usage;
  /** Why the model stopped, when not by itself: `max_tokens`, `refusal`, or a word of the dialect. */
  readonly stop?: string;
  readonly chunkDelayMs?: number;
  /** The data of a stream's events word for word, in place of all of the above: what servers send that nearly speak a dialect. */
  readonly raw?: readonly unknown[];
  readonly fault?: Fault;
  /** Given that often before the next step; 1 when absent. */
  readonly times?: number;
}

/** A step, or what makes one from the request that asks for it. */
export type ScriptStep = Step | ((request: ModelRequest) => Step);

export interface ScriptOptions {
  /** Past the last step: an error instead of a plain final text. */
  readonly strict?: boolean;
  /** Names that `GET /v1/models` lists. */
  readonly models?: readonly string[];
}

/** A tool as a request offers it. */
export interface OfferedTool {
  readonly name: string;
  /** Codex's MCP tools and code mode travel in namespaces. */
  readonly namespace?: string;
  /** `custom`: takes free text; `search`: finds tools that are not listed yet. */
  readonly kind: "function" | "custom" | "search";
  readonly description: string;
  readonly properties: Readonly<Record<string, { readonly type?: unknown }>>;
}

/** A request, read the same way in every dialect. */
export interface ModelRequest {
  readonly dialect: ModelDialect;
  readonly model: string;
  readonly system: string;
  readonly userTexts: readonly string[];
  readonly tools: readonly OfferedTool[];
  /** Earlier calls of this conversation, and what they answered, oldest first. */
  readonly pastCalls: readonly { readonly name: string; readonly input: unknown }[];
  readonly toolResults: readonly string[];
  readonly stream: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A call as a dialect writes it. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly namespace?: string;
  readonly kind: OfferedTool["kind"];
  readonly input: unknown;
}

/** A whole answer, ready for a dialect to write. */
export interface Reply {
  readonly id: string;
  readonly model: string;
  readonly reasoning: string;
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly usage: Usage;
  /** Where it is asked for, as OpenRouter takes it: `usage: {include: true}`. */
  readonly costUsd?: number;
  readonly stop: string | undefined;
}

export interface RecordedRequest {
  readonly method: string;
  /** Below the script's prefix: `/v1/messages`. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; the text itself when it is none; null when empty. */
  readonly body: unknown;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Read for the model's sake; absent for a request that is not for an answer. */
  readonly asked?: ModelRequest;
  /** Which step answered it; null for side requests (titles, token counts) and past the end. */
  step: number | null;
  /** `aborted`: the client went before the answer was whole; `broken`: the script's fault, or a provider's rule, ended it. */
  state: "open" | "done" | "aborted" | "broken";
}
