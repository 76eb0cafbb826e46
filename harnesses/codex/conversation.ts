// One run on a thread of Codex: its turns from the first input to the last, steered, limited, interrupted and cleared up after.
import { CodedError } from "../../tools/coded-error.ts";
import type { HarnessContext } from "../harness.ts";
import type { HarnessEvent } from "../events.ts";
import type { AppServer } from "./app-server.ts";
import type { Channel } from "./channel.ts";
import { failureOf } from "./failures.ts";
import type { CodexOptions } from "./options.ts";
import { isStrict, schemaInstruction, toUserInput } from "./prompt.ts";
import type { UserInput } from "./prompt.ts";
import { notifications, TurnOpened } from "./protocol.ts";
import type { ThreadMessage, TurnError } from "./protocol.ts";
import { answerTo, refusalOf } from "./questions.ts";
import { Steering } from "../steering.ts";
import type { ToolSelection } from "./tool-selection.ts";
import { Translator } from "./translate.ts";
import { TurnLimit, turnLimitPassed } from "../turn-limit.ts";

/** From an interrupt to the end of the turn; Codex takes about 15 ms. */
const INTERRUPT_TIMEOUT_MS = 1000;
/** For what a command that was ended still says. */
const SETTLE_TIMEOUT_MS = 500;
/** For a thread to be unloaded; Codex takes about 5 ms, and other sessions may keep it busy. */
const UNLOAD_TIMEOUT_MS = 2000;

export interface ConversationOptions {
  readonly threadId: string;
  readonly channel: Channel;
  readonly model: string;
  readonly options: CodexOptions;
  readonly tools: ToolSelection;
}

export class Conversation {
  readonly #server: AppServer;
  readonly #context: HarnessContext;
  readonly #setup: ConversationOptions;
  readonly #translator: Translator;
  readonly #limit: TurnLimit;
  readonly #steering: Steering;
  #turnId: string | null = null;
  #interruptTimer: NodeJS.Timeout | undefined;
  #passedLimit = false;
  #lastRetry: TurnError | null = null;

  constructor(server: AppServer, context: HarnessContext, setup: ConversationOptions) {
    this.#server = server;
    this.#context = context;
    this.#setup = setup;
    this.#translator = new Translator(setup.threadId, setup.model);
    this.#limit = new TurnLimit(context.limits.maxTurns);
    this.#steering = new Steering(context.steering);
  }

  /** Ends when the agent has said its last word and no input is left, or throws what went wrong. */
  async *run(): AsyncGenerator<HarnessEvent, void> {
    const onAbort = (): void => this.#interrupt();
    this.#context.signal.addEventListener("abort", onAbort);
    let failure: unknown;
    try {
      yield* this.#turns();
    } catch (error) {
      failure = error;
    } finally {
      this.#context.signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#interruptTimer);
      await this.#steering.close();
    }
    yield* this.#settle();
    if (failure !== undefined) throw failure;
    if (this.#translator.lastMessage !== null)
      yield resultOf(this.#translator.lastMessage, this.#context.schema !== undefined);
  }

  /** Unloads the thread, so that the next run's settings hold. False when the server does not do it: it is then not to be trusted. */
  async unload(): Promise<boolean> {
    const { channel, threadId } = this.#setup;
    if (!this.#server.alive) return false;
    try {
      const threads = this.#server.routes.threadsOf(channel);
      const request = (threadId: string) =>
        this.#server.request("thread/unsubscribe", { threadId }, { timeoutMs: UNLOAD_TIMEOUT_MS });
      await Promise.all(threads.map(request));
      for (;;) {
        const message = await channel.nextWithin(UNLOAD_TIMEOUT_MS);
        if (message?.method === "thread/closed" && message.params["threadId"] === threadId)
          return true;
        if (message === null) return false;
      }
    } catch {
      return false;
    }
  }

  async *#turns(): AsyncGenerator<HarnessEvent, void> {
    const { prompt, schema, cwd } = this.#context;
    const instruction =
      schema !== undefined && !isStrict(schema) ? [schemaInstruction(schema)] : [];
    let input: UserInput[] | null = [...toUserInput(prompt, cwd), ...instruction];
    while (input) {
      yield* this.#turn(input);
      const rest = await this.#steering.rest();
      input = rest && toUserInput(rest, cwd);
    }
  }

  async *#turn(input: readonly UserInput[]): AsyncGenerator<HarnessEvent, void> {
    const { threadId, channel, options } = this.#setup;
    const { effort = null, schema, signal } = this.#context;
    signal.throwIfAborted();
    const outputSchema = isStrict(schema) ? schema : null;
    const params = { threadId, input, effort, summary: options.reasoningSummary, outputSchema };
    const started = await this.#server.request("turn/start", params, { signal });
    this.#turnId = TurnOpened.parse(started).turn.id;
    this.#steering.give = async (prompt) => {
      const steered = {
        threadId,
        expectedTurnId: this.#turnId,
        input: toUserInput(prompt, this.#context.cwd),
      };
      await this.#server.request("turn/steer", steered, { signal });
    };
    if (this.#context.signal.aborted) this.#interrupt();
    for (;;) {
      const message = await channel.next();
      if (message.id !== undefined) this.#answer(message);
      else if (this.#isEnd(message)) return;
      else yield* this.#translate(message);
    }
  }

  *#translate(message: ThreadMessage): Generator<HarnessEvent, void> {
    this.#noteRetry(message);
    for (const event of this.#translator.translate(message)) {
      yield event;
      if (message.params["threadId"] !== this.#setup.threadId || !this.#limit.isPassedBy(event))
        continue;
      this.#passedLimit = true;
      this.#interrupt();
    }
  }

  #noteRetry({ method, params }: ThreadMessage): void {
    const told = method === "error" ? notifications.error.safeParse(params).data : undefined;
    if (told?.willRetry) this.#lastRetry = told.error;
  }

  /** True when our turn has ended well; throws when it has ended otherwise. */
  #isEnd({ method, params }: ThreadMessage): boolean {
    if (method !== "turn/completed") return false;
    const { turn } = notifications["turn/completed"].parse(params);
    if (turn.id !== this.#turnId) return false;
    this.#turnId = null;
    if (turn.status === "completed") return true;
    if (turn.status === "failed") throw failureOf(turn.error, this.#lastRetry);
    const { signal, limits } = this.#context;
    signal.throwIfAborted();
    if (this.#passedLimit) throw turnLimitPassed(limits);
    throw new CodedError(
      "interrupted",
      `Codex ended the turn as ${turn.status}, and nobody here asked it to`,
    );
  }

  #interrupt(): void {
    if (this.#turnId === null || this.#interruptTimer) return;
    const { threadId, channel } = this.#setup;
    const wedged = new CodedError(
      "agent_not_responding",
      `Codex has not ended its turn within ${INTERRUPT_TIMEOUT_MS} ms of being interrupted`,
    );
    this.#interruptTimer = setTimeout(() => channel.fail(wedged), INTERRUPT_TIMEOUT_MS);
    this.#server.request("turn/interrupt", { threadId, turnId: this.#turnId }).catch(() => {}); // the timer tells
  }

  /** Not awaited: while a person thinks, the other calls go on. */
  #answer(message: ThreadMessage): void {
    const { id = "", method } = message;
    const { askPermission } = this.#context;
    const asking = {
      askPermission,
      tools: this.#setup.tools,
      openTools: this.#translator.openTools,
    };
    answerTo(message, asking).then(
      (answer) => this.#server.answer(id, answer),
      (error: unknown) => {
        this.#server.answer(id, refusalOf(method));
        if (!this.#context.signal.aborted) this.#setup.channel.fail(error as Error);
      },
    );
  }

  /** Ends what goes on behind a turn's back, reads what is said of it, and closes what stays open. */
  async *#settle(): AsyncGenerator<HarnessEvent, void> {
    const { channel, threadId } = this.#setup;
    const subagents = this.#translator.openTurns.filter((turn) => turn.threadId !== threadId);
    const isInterrupted = this.#interruptTimer !== undefined; // perhaps between a command's start and the telling of it
    if (
      this.#server.alive &&
      (isInterrupted || this.#translator.openTools.size > 0 || subagents.length > 0)
    ) {
      const tell = (method: string, params: unknown) =>
        this.#server.request(method, params, { timeoutMs: SETTLE_TIMEOUT_MS }).catch(() => {});
      await Promise.all(subagents.map((turn) => tell("turn/interrupt", turn)));
      await Promise.all(
        this.#server.routes
          .threadsOf(channel)
          .map((id) => tell("thread/backgroundTerminals/clean", { threadId: id })),
      );
      yield* this.#readRest();
    }
    yield* this.#translator.finish();
  }

  async *#readRest(): AsyncGenerator<HarnessEvent, void> {
    while (this.#translator.openTools.size > 0) {
      const message = await this.#setup.channel.nextWithin(SETTLE_TIMEOUT_MS).catch(() => null);
      if (message === null) return;
      if (message.id === undefined) yield* this.#translator.translate(message);
      else this.#server.answer(message.id, refusalOf(message.method));
    }
  }
}

function resultOf(text: string, wantsJson: boolean): HarnessEvent {
  if (!wantsJson) return { type: "result", text };
  try {
    return { type: "result", text, json: JSON.parse(text) as unknown };
  } catch {
    return { type: "result", text };
  }
}
