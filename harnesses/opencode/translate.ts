// From OpenCode's events to ours: pure, told from recorded streams, one translator a run.
import type { HarnessEvent } from "../events.ts";
import {
  Delta,
  Failure,
  MessageInfo,
  Part,
  SILENT_EVENTS,
  SILENT_PARTS,
  Status,
  Todos,
} from "./protocol.ts";
import type { PartOf, ServerEvent } from "./protocol.ts";
import { ToolCalls } from "./tool-calls.ts";

type Events = Generator<HarnessEvent, void>;

interface OpenText {
  readonly type: "message" | "reasoning";
  readonly messageId: string;
  text: string;
  /** Characters of its part that an earlier message has told. */
  readonly told: number;
}

export class Translator {
  readonly tools = new ToolCalls();
  /** The session's own error; it fails the run. */
  failure: Failure | null = null;
  /** What the model answered under a JSON Schema. */
  structured: unknown = undefined;
  /** Why the model stopped the last time. */
  finish: string | undefined;
  /** Retries since the last answer. */
  retries = 0;
  lastRetry = "";
  readonly #sessionId: string;
  readonly #model: string;
  /** Sessions of subagents: their tools and costs are the run's, their words are not. */
  readonly #children = new Set<string>();
  readonly #users: string[] = [];
  readonly #open = new Map<string, OpenText>();
  readonly #closed = new Set<string>();
  #lastParent: string | undefined;
  #answer = { messageId: "", texts: [] as string[] };

  constructor(sessionId: string, model: string) {
    this.#sessionId = sessionId;
    this.#model = model;
  }

  /** The text of the last message that had one. */
  get answer(): string {
    return this.#answer.texts.join("\n\n");
  }

  /** How many inputs the session has taken since the run began, and whether the last one has been answered. */
  get inputsTaken(): number {
    return this.#users.length;
  }
  get isLastInputAnswered(): boolean {
    return this.#lastParent !== undefined && this.#lastParent === this.#users.at(-1);
  }

  /** True for the run's session and those of its subagents. */
  isOurs(sessionId: unknown): boolean {
    return (
      sessionId === this.#sessionId ||
      (typeof sessionId === "string" && this.#children.has(sessionId))
    );
  }

  *translate(event: ServerEvent): Events {
    const { type, properties } = event;
    if (type === "session.created") this.#adopt(properties["info"]);
    const sessionId =
      properties["sessionID"] ??
      (properties["part"] as { sessionID?: unknown } | undefined)?.sessionID;
    if (!this.isOurs(sessionId)) return;
    if (type === "message.part.updated") yield* this.#part(event);
    else if (sessionId !== this.#sessionId) return;
    else if (type === "message.part.delta") yield* this.#delta(event);
    else if (type === "message.updated") this.#message(properties["info"]);
    else if (type === "session.status") yield* this.#status(event);
    else if (type === "session.error") this.#fail(properties["error"]);
    else if (type === "session.compacted")
      yield { type: "notice", code: "compaction", message: "OpenCode summed up the conversation" };
    else if (type === "todo.updated") yield* this.#plan(event);
    else if (!SILENT_EVENTS.has(type) && !["session.created", "session.idle"].includes(type))
      yield { type: "unmapped", data: event };
  }

  #adopt(info: unknown): void {
    const { id, parentID } = info as { id?: string; parentID?: string };
    if (id !== undefined && this.isOurs(parentID)) this.#children.add(id);
  }

  #fail(error: unknown): void {
    const failure = Failure.safeParse(error);
    if (failure.success && failure.data.name !== "StructuredOutputError")
      this.failure = failure.data;
  }

  #message(info: unknown): void {
    const message = MessageInfo.safeParse(info).data;
    if (!message) return;
    if (message.role === "user") {
      if (!this.#users.includes(message.id)) this.#users.push(message.id);
      return;
    }
    this.#lastParent = message.parentID;
    if (message.structured !== undefined && message.structured !== null)
      this.structured = message.structured;
    if (message.finish !== undefined) this.finish = message.finish;
    if (message.error) this.#fail(message.error);
  }

  *#part(event: ServerEvent): Events {
    const raw = event.properties["part"] as { type?: unknown; messageID?: unknown };
    if (SILENT_PARTS.has(raw.type)) return;
    const { data: part } = Part.safeParse(raw);
    if (!part) yield { type: "unmapped", data: event };
    else if (part.type === "tool") yield* this.#tool(part);
    else if (part.type === "step-finish") yield* this.#stepFinish(part);
    else if (part.sessionID === this.#sessionId && !this.#users.includes(part.messageID))
      yield* this.#text(part);
  }

  *#tool(part: PartOf<"tool">): Events {
    if (part.state.status !== "pending") this.retries = 0;
    for (const event of this.tools.update(part)) {
      if (event.type === "tool.started") yield* this.#tellOpenTexts(part.messageID);
      yield event;
    }
  }

  /** In some dialects a text is only closed with the whole answer, and a call in it may be at work by then. */
  *#tellOpenTexts(messageID: string): Events {
    for (const [partId, { type, messageId, text, told }] of this.#open) {
      if (text === "") continue;
      const next = told + text.length;
      this.#open.set(partId, { type, messageId: `${partId}:${next}`, text: "", told: next });
      yield { type, messageId, text };
      if (type === "message") this.#keepAnswer(messageID, text);
    }
  }

  *#stepFinish({ tokens, cost }: PartOf<"step-finish">): Events {
    this.retries = 0;
    const inputTokens = tokens.input + tokens.cache.read + tokens.cache.write;
    yield {
      type: "usage",
      scope: "call",
      model: this.#model,
      inputTokens,
      outputTokens: Math.max(tokens.output + tokens.reasoning, (tokens.total ?? 0) - inputTokens),
      cachedInputTokens: tokens.cache.read,
      cacheWriteTokens: tokens.cache.write,
      reasoningTokens: tokens.reasoning,
      // OpenCode says 0 where it knows no price.
      costUsd: cost > 0 ? cost : null,
      costBasis: cost > 0 ? "reported" : null,
    };
    yield { type: "turn" };
  }

  /** Parts of text come empty, grow by deltas, and come again whole. */
  *#text(part: PartOf<"text"> | PartOf<"reasoning">): Events {
    if (this.#closed.has(part.id) || (part.type === "text" && part.synthetic)) return;
    const type = part.type === "text" ? "message" : "reasoning";
    const open = this.#open.get(part.id) ?? { type, messageId: part.id, text: "", told: 0 };
    this.#open.set(part.id, open);
    if (part.time?.end === undefined) return;
    this.#open.delete(part.id);
    this.#closed.add(part.id);
    const text = part.text === "" ? open.text : part.text.slice(open.told);
    if (text === "") return;
    yield { type, messageId: open.messageId, text };
    if (type === "message") this.#keepAnswer(part.messageID, text);
  }

  *#delta(event: ServerEvent): Events {
    const { data } = Delta.safeParse(event.properties);
    const open = data && this.#open.get(data.partID);
    if (!open || data.field !== "text" || data.delta === "") return;
    this.retries = 0;
    open.text += data.delta;
    yield { type: `${open.type}.delta`, messageId: open.messageId, text: data.delta };
  }

  #keepAnswer(messageId: string, text: string): void {
    if (this.#answer.messageId !== messageId) this.#answer = { messageId, texts: [] };
    this.#answer.texts.push(text);
  }

  *#status(event: ServerEvent): Events {
    const status = Status.safeParse(event.properties["status"]).data;
    if (!status) yield { type: "unmapped", data: event };
    if (status?.type !== "retry") return;
    this.retries++;
    this.lastRetry = status.message;
    yield* this.#retract();
    const { attempt, message, next } = status;
    yield {
      type: "notice",
      code: "retry",
      message,
      data: { attempt, nextAt: new Date(next).toISOString() },
    };
  }

  /** What an attempt had streamed before it failed comes again with the next. */
  *#retract(): Events {
    for (const [partId, { messageId, text }] of this.#open) {
      this.#open.delete(partId);
      this.#closed.add(partId);
      if (text !== "")
        yield {
          type: "message.retracted",
          messageId,
          reason: "The model's answer broke off and is asked for again",
        };
    }
  }

  *#plan(event: ServerEvent): Events {
    const { data } = Todos.safeParse(event.properties);
    if (data)
      yield {
        type: "plan.updated",
        steps: data.todos.map(({ content, status }) => ({ text: content, status })),
      };
    else yield { type: "unmapped", data: event };
  }
}
