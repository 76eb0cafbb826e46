// From what the app-server says about one thread, and the threads of its sub-agents, to our events: pure, so that recorded streams test it.
import type { z } from "zod";
import type { HarnessEvent } from "../events.ts";
import { statusOf } from "./failures.ts";
import { toolFinished, toolStarted } from "./items.ts";
import {
  COMPACTION,
  mcpServerFailed,
  modelFallback,
  planUpdated,
  usageOf,
} from "./single-events.ts";
import { notifications, PASSED_OVER, UNWANTED_NOTIFICATIONS } from "./protocol.ts";
import type { Item, ThreadMessage, TurnError } from "./protocol.ts";

type Method = keyof typeof notifications;
type Params<Name extends Method> = z.output<(typeof notifications)[Name]>;

/** What a tool call in progress was started with, and how much of its output has been passed on. */
export interface OpenTool {
  readonly name: string;
  readonly input: unknown;
  streamed: string;
}

interface OpenText {
  readonly type: "message" | "reasoning";
  text: string;
}

/** Codex itself keeps no more of a command's output than this. */
const MAX_REMEMBERED_OUTPUT = 1024 * 1024;
const QUIET: ReadonlySet<string> = new Set([...UNWANTED_NOTIFICATIONS, ...PASSED_OVER]);
/** Items that only repeat what we said ourselves. */
const QUIET_ITEMS: ReadonlySet<string> = new Set(["userMessage"]);
export class Translator {
  /** The last whole message of the thread itself; null before there is one. */
  lastMessage: string | null = null;
  readonly #threadId: string;
  readonly #model: string;
  readonly #openTexts = new Map<string, OpenText>();
  readonly #openTools = new Map<string, OpenTool>();
  readonly #turns = new Map<string, string>();
  readonly #totals = new Map<unknown, number>();
  #retries = 0;

  /** The model is named with its provider, as price lists have it. */
  constructor(threadId: string, model: string) {
    this.#threadId = threadId;
    this.#model = model;
  }

  get openTools(): ReadonlyMap<string, OpenTool> {
    return this.#openTools;
  }

  /** The turns that have begun and not ended, sub-agents' among them. */
  get openTurns(): readonly { threadId: string; turnId: string }[] {
    return [...this.#turns].map(([threadId, turnId]) => ({ threadId, turnId }));
  }

  /** The events that a notification means; what is not understood comes through as `unmapped`. */
  translate(message: ThreadMessage): HarnessEvent[] {
    const { method, params } = message;
    if (QUIET.has(method)) return [];
    const read = (
      this.#readers as Partial<Record<string, (params: never, threadId: unknown) => HarnessEvent[]>>
    )[method];
    const parsed = read && notifications[method as Method].safeParse(params);
    if (!parsed?.success) return [{ type: "unmapped", data: { method, params } }];
    return read?.(parsed.data as never, params["threadId"]) ?? [];
  }

  /** Closes what is still open, as it stands: nothing more will come. */
  finish(): HarnessEvent[] {
    const texts = [...this.#openTexts].flatMap(([messageId, { type, text }]): HarnessEvent[] =>
      text === "" ? [] : [{ type, messageId, text }],
    );
    const tools = [...this.#openTools].map(([toolCallId, { name, streamed }]): HarnessEvent => {
      const output = { output: streamed, status: "interrupted" };
      return { type: "tool.finished", toolCallId, name, ok: false, output, exitCode: null };
    });
    this.#openTexts.clear();
    this.#openTools.clear();
    return [...texts, ...tools];
  }

  readonly #readers: {
    readonly [Name in Method]: (params: Params<Name>, threadId: unknown) => HarnessEvent[];
  } = {
    "turn/started": ({ threadId, turn }) => {
      this.#turns.set(threadId, turn.id);
      return [];
    },
    "turn/completed": ({ threadId, turn }) => {
      if (this.#turns.get(threadId) === turn.id) this.#turns.delete(threadId);
      return [];
    },
    "item/started": ({ item }, threadId) => this.#itemStarted(item, threadId),
    "item/completed": ({ item }, threadId) => this.#itemCompleted(item, threadId),
    "item/agentMessage/delta": ({ itemId, delta }) => this.#grow("message", itemId, delta),
    "item/reasoning/summaryTextDelta": ({ itemId, delta }) =>
      this.#grow("reasoning", itemId, delta),
    "item/reasoning/summaryPartAdded": ({ itemId, summaryIndex }) =>
      summaryIndex > 0 ? this.#grow("reasoning", itemId, "\n\n") : [],
    "item/reasoning/textDelta": ({ itemId, delta }, threadId) =>
      this.#rawReasoning(itemId, delta, threadId),
    "item/commandExecution/outputDelta": ({ itemId, delta }) => this.#toolOutput(itemId, delta),
    "turn/plan/updated": ({ plan }, threadId) =>
      this.#isRoot(threadId) ? [planUpdated(plan)] : [],
    "thread/tokenUsage/updated": (params, threadId) => this.#usage(params, threadId),
    error: ({ error, willRetry }) => (willRetry ? this.#retry(error) : []),
    warning: ({ message }) => [{ type: "notice", code: "warning", message }],
    guardianWarning: ({ message }) => [{ type: "notice", code: "warning", message }],
    deprecationNotice: ({ summary }) => [{ type: "notice", code: "deprecation", message: summary }],
    "model/rerouted": ({ fromModel, toModel }) => [modelFallback(fromModel, toModel)],
    "mcpServer/startupStatus/updated": ({ name, status, error }) =>
      status === "failed" ? [mcpServerFailed(name, error)] : [],
  };

  #isRoot(threadId: unknown): boolean {
    return threadId === this.#threadId;
  }

  /** A sub-agent's tools and usage are the run's; what it says goes to the agent that asked it, not to the host. */
  #itemStarted(item: Item, threadId: unknown): HarnessEvent[] {
    if (item.type === "agentMessage" && this.#isRoot(threadId))
      this.#openTexts.set(item.id, { type: "message", text: "" });
    if (item.type === "reasoning" && this.#isRoot(threadId))
      this.#openTexts.set(item.id, { type: "reasoning", text: "" });
    const started = toolStarted(item);
    if (!started) return [];
    this.#openTools.set(item.id, { name: started.name, input: started.input, streamed: "" });
    return [started];
  }

  #itemCompleted(item: Item, threadId: unknown): HarnessEvent[] {
    if (item.type === "agentMessage") return this.#isRoot(threadId) ? this.#message(item) : [];
    if (item.type === "reasoning") return this.#isRoot(threadId) ? this.#reasoning(item) : [];
    if (item.type === "contextCompaction") return [COMPACTION];
    const finished = toolFinished(item);
    if (finished) return [...this.#startedLate(item), ...this.#missingOutput(item), finished];
    return QUIET_ITEMS.has(item.type) ? [] : [{ type: "unmapped", data: item }];
  }

  #message(item: Item): HarnessEvent[] {
    const text = typeof item["text"] === "string" ? item["text"] : "";
    this.#openTexts.delete(item.id);
    this.lastMessage = text;
    return text === "" ? [] : [{ type: "message", messageId: item.id, text }];
  }

  #reasoning(item: Item): HarnessEvent[] {
    const texts = [
      [item.id, joined(item["summary"], "\n\n")],
      [rawIdOf(item.id), joined(item["content"], "")],
    ] as const;
    return texts.flatMap(([messageId, text]): HarnessEvent[] => {
      this.#openTexts.delete(messageId);
      return text === "" ? [] : [{ type: "reasoning", messageId, text }];
    });
  }

  #rawReasoning(itemId: string, delta: string, threadId: unknown): HarnessEvent[] {
    const messageId = rawIdOf(itemId);
    if (this.#isRoot(threadId) && !this.#openTexts.has(messageId))
      this.#openTexts.set(messageId, { type: "reasoning", text: "" });
    return this.#grow("reasoning", messageId, delta);
  }

  /** Deltas of what was not announced belong to a sub-agent. */
  #grow(type: OpenText["type"], messageId: string, delta: string): HarnessEvent[] {
    const open = this.#openTexts.get(messageId);
    if (!open) return [];
    open.text += delta;
    return [{ type: `${type}.delta`, messageId, text: delta }];
  }

  #toolOutput(toolCallId: string, text: string): HarnessEvent[] {
    const open = this.#openTools.get(toolCallId);
    if (open && open.streamed.length < MAX_REMEMBERED_OUTPUT) open.streamed += text;
    return [{ type: "tool.output", toolCallId, stream: "stdout", text }];
  }

  /** Some tools, such as a web search, are only told of when they are over. */
  #startedLate(item: Item): HarnessEvent[] {
    if (this.#openTools.has(item.id)) return [];
    return this.#itemStarted(item, undefined);
  }

  /** A quick command's output comes only with its end, and a slow one's last piece may; a missing beginning stays in the fact alone. */
  #missingOutput(item: Item): HarnessEvent[] {
    const { streamed = "" } = this.#openTools.get(item.id) ?? {};
    this.#openTools.delete(item.id);
    const whole = item["aggregatedOutput"];
    if (typeof whole !== "string" || !whole.startsWith(streamed)) return [];
    const text = whole.slice(streamed.length);
    if (text === "") return [];
    return [{ type: "tool.output", toolCallId: item.id, stream: "stdout", text }];
  }

  /** Codex repeats the last sum when a thread is resumed, and may repeat it within a turn: only a new sum is a new call. */
  #usage(
    { turnId, tokenUsage: { total, last } }: Params<"thread/tokenUsage/updated">,
    threadId: unknown,
  ): HarnessEvent[] {
    if (
      this.#turns.get(String(threadId)) !== turnId ||
      this.#totals.get(threadId) === total.totalTokens
    )
      return [];
    this.#totals.set(threadId, total.totalTokens);
    this.#retries = 0;
    const usage = usageOf(this.#model, last);
    return this.#isRoot(threadId) ? [usage, { type: "turn" }] : [usage];
  }

  /** What had been streamed of an answer that is asked for again is taken back. */
  #retry(error: TurnError): HarnessEvent[] {
    const reason = error.additionalDetails ?? error.message;
    const open = [...this.#openTexts].filter(([, { text }]) => text !== "");
    this.#openTexts.clear();
    const data = { attempt: ++this.#retries, status: statusOf(error), reason };
    return [
      ...open.map(([messageId]): HarnessEvent => ({
        type: "message.retracted",
        messageId,
        reason,
      })),
      { type: "notice", code: "retry", message: error.message, data },
    ];
  }
}

function rawIdOf(itemId: string): string {
  return `${itemId}:raw`;
}

function joined(parts: unknown, separator: string): string {
  return Array.isArray(parts) ? parts.join(separator) : "";
}
