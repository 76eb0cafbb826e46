// One run's talk with the program: the prompt and later input into it, its questions answered, its lines translated until it is done.
import { CodedError } from "../../tools/coded-error.ts";
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Prompt } from "../content.ts";
import type { HarnessEvent } from "../events.ts";
import type { HarnessContext, PermissionDecision } from "../harness.ts";
import { ProtocolLine, ToolQuestion, type ControlRequest, type ControlResponse } from "./line.ts";
import type { ClaudeProgram } from "./program.ts";
import { beginRun, endRun, translate, type TurnState } from "./translate.ts";

/** The program answers an interrupt within 100 ms; one that does not is stopped. */
const INTERRUPT_GRACE_MS = 800;
const STOP_GRACE_MS = 500;
/** In seconds; how long an answer takes is the host's to limit. */
const HOOK_TIMEOUT_S = 7 * 24 * 3600;
const HOOK_ID = "permission";

export interface ConversationOptions {
  /** Register for a question before every tool, also those that the program itself would let pass. */
  readonly askFirst: boolean;
}

export class Conversation {
  readonly #program: ClaudeProgram;
  readonly #context: HarnessContext;
  /** Inputs sent that the program has not begun to work on. */
  readonly #waiting = new Set<string>();
  /** The program tells where inputs stand; one that does not is taken to have answered all with its result. */
  #tellsOfInputs = false;
  readonly #decisions = new Map<string, Promise<PermissionDecision>>();
  #state: TurnState;
  #stopTimer: NodeJS.Timeout | undefined;

  constructor(program: ClaudeProgram, context: HarnessContext) {
    this.#program = program;
    this.#context = context;
    this.#state = beginRun(program.plan);
  }

  /** Ends when the turn, and every input sent meanwhile, has been answered. Throws what went wrong. */
  async *carryOut({ askFirst }: ConversationOptions): AsyncGenerator<HarnessEvent, void> {
    const { signal } = this.#context;
    const interrupt = (): void => this.#interrupt();
    if (askFirst) this.#program.send(HOOK_REGISTRATION);
    this.#sendInput(this.#context.prompt);
    signal.addEventListener("abort", interrupt, { once: true });
    if (signal.aborted) interrupt();
    const steering = this.#steer();
    try {
      yield* this.#listen(steering);
    } finally {
      signal.removeEventListener("abort", interrupt);
      clearTimeout(this.#stopTimer);
      this.#context.steering.close();
      await steering;
      this.#program.plan = this.#state.plan;
    }
  }

  async *#listen(steering: Promise<void>): AsyncGenerator<HarnessEvent, void> {
    for (;;) {
      const line = await this.#program.nextLine();
      yield* this.#program.takeNoise().map(noiseNotice);
      if (line === undefined) {
        yield* this.#endWithoutResult();
        return;
      }
      if (this.#handleControl(line)) continue;
      const { state, events, ended } = translate(this.#state, line);
      this.#state = state;
      this.#program.sessionId = state.sessionId ?? this.#program.sessionId;
      yield* events;
      if (!ended) continue;
      if (!this.#tellsOfInputs) this.#waiting.clear();
      this.#program.isBusy = this.#waiting.size > 0;
      if (this.#context.signal.aborted) return;
      if (ended.failure) throw this.#explain(ended.failure);
      if (await this.#isAnswered(steering)) return;
    }
  }

  /** Input may have come while the result was on its way: it is worked on next, and has a result of its own. */
  async #isAnswered(steering: Promise<void>): Promise<boolean> {
    if (this.#waiting.size > 0 || !this.#context.steering.isEmpty) return false;
    this.#context.steering.close();
    await steering; // what it had in hand is sent now
    return this.#waiting.size === 0;
  }

  async *#endWithoutResult(): AsyncGenerator<HarnessEvent, void> {
    const { state, events } = endRun(this.#state);
    this.#state = state;
    yield* events;
    if (this.#context.signal.aborted) return;
    throw await this.#program.describeExit();
  }

  /** A session that cannot be resumed fails before it is named, and by nothing else that could be read. */
  #explain(failure: CodedError): CodedError {
    const { token } = this.#context.session;
    if (token === undefined || this.#state.sessionId !== null || failure.code !== "agent_failed")
      return failure;
    return new CodedError(
      "session_not_found",
      `Claude Code has no session ${token} to go on from: ${failure.message}`,
      {
        cause: failure,
      },
    );
  }

  async #steer(): Promise<void> {
    for await (const prompt of this.#context.steering)
      if (!this.#context.signal.aborted) this.#sendInput(prompt);
  }

  #sendInput(prompt: Prompt): void {
    const uuid = randomUUID();
    this.#waiting.add(uuid);
    this.#program.isBusy = true;
    const content = prompt.map((part) => contentBlock(part, this.#context.cwd));
    this.#program.send({ type: "user", uuid, message: { role: "user", content } });
  }

  #interrupt(): void {
    this.#program.send({
      type: "control_request",
      request_id: randomUUID(),
      request: { subtype: "interrupt", cancel_queued: true },
    });
    this.#stopTimer = setTimeout(
      () => void this.#program.process.stop(STOP_GRACE_MS),
      INTERRUPT_GRACE_MS,
    );
  }

  /** True when the line belongs to the protocol and says nothing about the work. */
  #handleControl(line: unknown): boolean {
    const { data } = ProtocolLine.safeParse(line);
    if (data?.type === "command_lifecycle") {
      this.#tellsOfInputs = true;
      if (data.state !== "queued") this.#waiting.delete(data.command_uuid);
    }
    if (data?.type === "control_request") void this.#answer(data);
    if (data?.type === "control_response") refuseWithoutHook(data.response);
    return data !== undefined;
  }

  async #answer({ request_id, request }: ControlRequest): Promise<void> {
    const { data: question } = ToolQuestion.safeParse(request);
    const response = question
      ? { subtype: "success", request_id, response: await this.#decide(question) }
      : { subtype: "error", request_id, error: `harnessd does not answer ${request.subtype}` };
    this.#program.send({ type: "control_response", response });
  }

  async #decide(question: ToolQuestion): Promise<object> {
    const { subtype, toolCallId, name, input } = question;
    // One tool call may be asked for twice, before it and by the program's own rules; the host is asked once.
    const decision = this.#decisions.get(toolCallId) ?? this.#ask(toolCallId, name, input);
    this.#decisions.set(toolCallId, decision);
    return subtype === "hook_callback"
      ? hookAnswer(await decision)
      : promptAnswer(await decision, input);
  }

  async #ask(toolCallId: string, name: string, input: unknown): Promise<PermissionDecision> {
    try {
      return await this.#context.askPermission({ toolCallId, name, input });
    } catch (error) {
      return { decision: "deny", reason: `No decision was made: ${String(error)}` };
    }
  }
}

const HOOK_REGISTRATION = {
  type: "control_request",
  request_id: "register-hook",
  request: {
    subtype: "initialize",
    hooks: { PreToolUse: [{ matcher: "*", hookCallbackIds: [HOOK_ID], timeout: HOOK_TIMEOUT_S }] },
  },
} as const;

/** A program that did not take the hook would use tools unasked. */
function refuseWithoutHook({ subtype, request_id, error }: ControlResponse["response"]): void {
  if (subtype !== "error" || request_id !== HOOK_REGISTRATION.request_id) return;
  throw new CodedError(
    "permissions_unavailable",
    `Claude Code does not ask before it uses tools: ${error ?? "no reason given"}`,
  );
}

function hookAnswer(decided: PermissionDecision): object {
  const isAllowed = decided.decision === "allow";
  const output = {
    hookEventName: "PreToolUse",
    permissionDecision: decided.decision,
    permissionDecisionReason: isAllowed ? "allowed by the host" : decided.reason,
    ...(isAllowed && decided.input !== undefined && { updatedInput: decided.input }),
  };
  return { hookSpecificOutput: output };
}

function promptAnswer(decided: PermissionDecision, asked: unknown): object {
  if (decided.decision === "deny") return { behavior: "deny", message: decided.reason };
  return { behavior: "allow", updatedInput: decided.input ?? asked };
}

function contentBlock(part: Prompt[number], cwd: string): object {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return {
        type: "image",
        source: { type: "base64", media_type: part.mediaType, data: part.data },
      };
    case "file":
  }
  return { type: "text", text: `This file belongs to the prompt: ${resolve(cwd, part.path)}` };
}

function noiseNotice(line: string): HarnessEvent {
  return { type: "notice", code: "noise", message: line };
}
