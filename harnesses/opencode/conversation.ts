// One run in a session of OpenCode: prompted, steered, asked about, and stopped.
import { CodedError } from "../../tools/coded-error.ts";
import type { HarnessContext } from "../harness.ts";
import type { HarnessEvent } from "../events.ts";
import type { Prompt } from "../content.ts";
import { Steering } from "../steering.ts";
import { TurnLimit, turnLimitPassed } from "../turn-limit.ts";
import { failureOf, failureOfFinish, retriesExhausted } from "./failures.ts";
import { toParts } from "./prompt.ts";
import { PermissionAsked, QuestionAsked } from "./protocol.ts";
import type { ServerEvent } from "./protocol.ts";
import type { OpenCodeServer } from "./server.ts";
import type { ToolSelection } from "./tool-selection.ts";
import { Translator } from "./translate.ts";

/** From an abort to the last word about it; OpenCode takes about 60 ms. */
const ABORT_TIMEOUT_MS = 1200;

export interface ConversationSetup {
  readonly server: OpenCodeServer;
  readonly sessionId: string;
  /** The directory's events; `stream` ends them, and is ended with the conversation. */
  readonly events: Promise<AsyncIterable<ServerEvent>>;
  readonly stream: AbortController;
  /** The same for every prompt of the run: model, agent, system prompt, tools, schema. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly tools: ToolSelection;
  readonly model: string;
  readonly maxRetries: number;
}

export class Conversation {
  /** False once the server has not done as it was told. */
  isSound = true;
  readonly #context: HarnessContext;
  readonly #setup: ConversationSetup;
  readonly #translator: Translator;
  readonly #steering: Steering;
  readonly #stream: AbortController;
  readonly #limit: TurnLimit;
  #promptsSent = 0;
  #stopping: Promise<void> | undefined;

  constructor(context: HarnessContext, setup: ConversationSetup) {
    this.#context = context;
    this.#setup = setup;
    this.#stream = setup.stream;
    this.#translator = new Translator(setup.sessionId, setup.model);
    this.#steering = new Steering(context.steering);
    this.#limit = new TurnLimit(context.limits.maxTurns);
  }

  /** Ends when the model has answered all input, or throws what went wrong. */
  async *run(): AsyncGenerator<HarnessEvent, void> {
    const { signal, prompt } = this.#context;
    const onAbort = (): void => void this.#abort();
    try {
      const events = await this.#setup.events;
      signal.throwIfAborted();
      signal.addEventListener("abort", onAbort);
      let isOpen = false;
      for await (const event of events) {
        // Only what is prompted after the stream has opened is sure to be heard of.
        if (!isOpen) await this.#prompt(prompt);
        isOpen = true;
        yield* this.#follow(event);
        if (await this.#isOver(event)) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#stream.abort();
      await this.#steering.close();
      await this.#stopping;
    }
    yield* this.#end();
  }

  *#follow(event: ServerEvent): Generator<HarnessEvent, void> {
    if (event.type === "permission.asked")
      this.#hear(PermissionAsked.safeParse(event.properties).data, (asked) => this.#decide(asked));
    if (event.type === "question.asked")
      this.#hear(QuestionAsked.safeParse(event.properties).data, ({ id }) =>
        this.#reply(`/question/${id}/reject`),
      );
    for (const told of this.#translator.translate(event)) {
      yield told;
      if (this.#limit.isPassedBy(told)) this.#failWith(turnLimitPassed(this.#context.limits));
    }
    const { retries, lastRetry } = this.#translator;
    if (retries > this.#setup.maxRetries) this.#failWith(retriesExhausted(retries - 1, lastRetry));
  }

  /** Ends the work, and the run with this error, unless the daemon is ending it already. */
  #failWith(failure: CodedError): void {
    if (this.#context.signal.aborted) return;
    this.#stopping = this.#abort();
    throw failure;
  }

  /** Not awaited: while a person thinks, the rest goes on. */
  #hear<Asked extends { sessionID: string }>(
    asked: Asked | undefined,
    answer: (asked: Asked) => Promise<void>,
  ): void {
    if (asked && this.#translator.isOurs(asked.sessionID))
      void answer(asked).catch((error: unknown) => this.#stream.abort(error));
  }

  async #decide({ id, permission, metadata, patterns, tool }: PermissionAsked): Promise<void> {
    const toolCallId = tool?.callID ?? id;
    const { name, input } = this.#translator.tools.get(toolCallId) ?? {
      name: permission,
      input: { ...metadata, patterns },
    };
    const reject = (message: string) =>
      this.#reply(`/permission/${id}/reply`, { reply: "reject", message });
    if (this.#setup.tools.refuses(name))
      return await reject(`The tool ${name} is not offered in this run`);
    const decision = await this.#context
      .askPermission({ toolCallId, name, input })
      .catch(() => null);
    if (decision === null) return await reject("The run has ended");
    if (decision.decision === "deny") return await reject(decision.reason);
    if (decision.input !== undefined)
      return await reject("OpenCode cannot run a call with another input than the model's");
    await this.#reply(`/permission/${id}/reply`, { reply: "once" });
  }

  async #reply(path: string, body?: unknown): Promise<void> {
    await this.#setup.server.call("POST", path, { directory: this.#context.cwd, body });
  }

  async #prompt(prompt: Prompt): Promise<void> {
    const { sessionId, settings, server } = this.#setup;
    const { cwd } = this.#context;
    const parts = await toParts(prompt, cwd);
    this.#promptsSent++;
    await server.call("POST", `/session/${sessionId}/prompt_async`, {
      directory: cwd,
      body: { ...settings, parts },
    });
    this.#steering.give = (more) => this.#prompt(more);
  }

  /** The session comes to rest between two inputs too, and says so more than once. */
  async #isOver({ type, properties }: ServerEvent): Promise<boolean> {
    if (type !== "session.idle" || properties["sessionID"] !== this.#setup.sessionId) return false;
    if (this.#context.signal.aborted) return this.#translator.tools.areAllFinished;
    if (this.#translator.failure) return true;
    if (this.#hasUnanswered()) return false;
    const rest = await this.#steering.rest();
    if (rest) await this.#prompt(rest);
    return !this.#hasUnanswered();
  }

  #hasUnanswered(): boolean {
    return (
      this.#translator.inputsTaken < this.#promptsSent || !this.#translator.isLastInputAnswered
    );
  }

  *#end(): Generator<HarnessEvent, void> {
    this.#context.signal.throwIfAborted();
    const { failure, finish, structured, answer } = this.#translator;
    if (failure) throw failureOf(failure);
    const badFinish = structured === undefined ? failureOfFinish(finish) : null;
    if (badFinish) throw badFinish;
    if (structured !== undefined)
      yield { type: "result", text: JSON.stringify(structured), json: structured };
    else if (answer !== "") yield { type: "result", text: answer };
  }

  /** Ends the session's work and its commands. The session can go on afterwards. */
  async #abort(): Promise<void> {
    const { server, sessionId } = this.#setup;
    const timer = setTimeout(() => {
      this.isSound = false;
      this.#stream.abort(
        new CodedError(
          "agent_not_responding",
          `OpenCode has not stopped within ${ABORT_TIMEOUT_MS} ms of being told to`,
        ),
      );
    }, ABORT_TIMEOUT_MS);
    this.#stream.signal.addEventListener("abort", () => clearTimeout(timer));
    try {
      await server.call("POST", `/session/${sessionId}/abort`, {
        directory: this.#context.cwd,
        timeoutMs: ABORT_TIMEOUT_MS,
      });
    } catch {
      this.isSound = false;
    }
  }
}
