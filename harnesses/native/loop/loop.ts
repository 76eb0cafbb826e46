// The agent itself: ask the model, run what it calls, give back the answers, until it has nothing more to call.
import { CodedError } from "../../../tools/coded-error.ts";
import type { HarnessEvent } from "../../events.ts";
import type { InputQueue } from "../../input-queue.ts";
import { repairInstruction, type CheckedAnswer } from "../../schema-check.ts";
import { compact, type ContextGauge } from "./compaction.ts";
import {
  hollowCompletion,
  isCut,
  isSilent,
  refusalOf,
  stillCutOff,
  turnLimitReached,
} from "./endings.ts";
import type { Model, ModelRequest, Reply } from "../models/model.ts";
import type { Toolbox } from "../tools/offered-tool.ts";
import { replyWithRetries, type RetryLimits } from "../models/retry.ts";
import { runCalls } from "./tool-calls.ts";
import type { Transcript } from "./transcript.ts";
import { userText, type Turn } from "../models/turn.ts";
import { usageEvent } from "../models/usage.ts";

const MAX_CONTINUATIONS = 3;
const MAX_REPAIRS = 2;
const NOTHING_SAID =
  "Your reply held neither an answer nor a tool call. Go on with the task, or give your final answer.";

export interface LoopSetup {
  readonly model: Model;
  readonly tools: Toolbox;
  /** Holds the prompt already; gets everything that is said. */
  readonly transcript: Transcript;
  /** Input that came while the model worked, as turns. */
  readonly takeSteering: () => Promise<Turn[]>;
  readonly steering: InputQueue;
  readonly request: Omit<ModelRequest, "turns" | "tools" | "messageId" | "answerOnly">;
  readonly maxTurns: number;
  readonly contextTokens: number;
  readonly gauge: ContextGauge;
  readonly retry: RetryLimits;
  /** Holds the final text against the caller's schema; absent when any text will do. */
  readonly check?: ((text: string) => CheckedAnswer) | undefined;
}

export interface FinalAnswer {
  readonly text: string;
  readonly json?: unknown;
}

/** What one run keeps between its turns. */
interface Progress {
  turns: number;
  continuations: number;
  repairs: number;
  /** Text of replies that were cut off at the output limit: the next one goes on from it. */
  begun: string;
  /** The last answer did not satisfy the schema: ask for nothing but the answer. */
  answerOnly: boolean;
  /** The last reply said nothing, or thought only, and was asked for again. */
  saidNothing: boolean;
}

/** Carries the conversation to the model's final answer. Throws CodedError `max_turns`, `max_tokens`, `model_refused`, `schema_mismatch`, `hollow_completion`, and what calling a model can throw. */
export async function* converse(setup: LoopSetup): AsyncGenerator<HarnessEvent, FinalAnswer> {
  const progress: Progress = {
    turns: 0,
    continuations: 0,
    repairs: 0,
    begun: "",
    answerOnly: false,
    saidNothing: false,
  };
  for (;;) {
    setup.request.signal.throwIfAborted();
    const reply = yield* nextReply(setup, progress);
    if (reply.stop === "refused") throw refusalOf(reply, setup.model);
    progress.saidNothing &&= isSilent(reply);
    if (isCut(reply)) yield* continueCutReply(reply, setup, progress);
    else if (reply.calls.length > 0) yield* answerCalls(reply, setup, progress);
    else if (reply.stop === "end") {
      const answer = yield* settleAnswer(reply, setup, progress);
      if (answer) return answer;
    }
    for (const turn of await setup.takeSteering()) {
      await setup.transcript.add(turn);
      progress.answerOnly = false; // new input may need tools again
    }
  }
}

/** One answer of the model, within its context; kept before the facts that close its stream are told, since the run may end with any of them. */
async function* nextReply(
  setup: LoopSetup,
  progress: Progress,
): AsyncGenerator<HarnessEvent, Reply> {
  const { model, transcript, gauge } = setup;
  if (progress.turns >= setup.maxTurns) throw turnLimitReached(setup.maxTurns);
  if (gauge.isNearlyFull(transcript.turns, setup.contextTokens)) yield* compact(setup);
  const { messageId, ...reply } = yield* replyCompactingOnce(setup, progress);
  progress.turns++;
  if (!isCut(reply) && reply.stop !== "refused") await addReply(reply, setup);
  if (reply.reasoning !== "") yield { type: "reasoning", messageId, text: reply.reasoning };
  if (reply.text !== "") yield { type: "message", messageId, text: reply.text };
  yield { type: "turn" };
  yield usageEvent(model.name, reply.usage);
  return reply;
}

async function* replyCompactingOnce(
  setup: LoopSetup,
  progress: Progress,
): AsyncGenerator<HarnessEvent, Reply & { messageId: string }> {
  const ask = () => {
    const tools = [...setup.tools.values()];
    const request = {
      ...setup.request,
      turns: setup.transcript.turns,
      tools,
      answerOnly: progress.answerOnly,
    };
    return replyWithRetries(setup.model, request, setup.retry);
  };
  try {
    return yield* ask();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "context_exceeded") throw error;
  }
  yield* compact(setup);
  return yield* ask();
}

async function addReply(
  { text, calls, raw, usage }: Reply,
  { model, transcript, gauge }: LoopSetup,
): Promise<void> {
  await transcript.add({
    role: "model",
    text,
    calls: [...calls],
    raw: { model: model.name, content: raw },
  });
  gauge.note(usage, transcript.turns.length);
}

async function* answerCalls(
  { calls }: Reply,
  setup: LoopSetup,
  progress: Progress,
): AsyncGenerator<HarnessEvent, void> {
  progress.begun = "";
  yield* runCalls(calls, {
    tools: setup.tools,
    transcript: setup.transcript,
    signal: setup.request.signal,
  });
}

/** A cut reply is kept as text alone: its last call may be half of one, and none of it is run. */
async function* continueCutReply(
  reply: Reply,
  setup: LoopSetup,
  progress: Progress,
): AsyncGenerator<HarnessEvent, void> {
  const { transcript, model, gauge, request } = setup;
  request.signal.throwIfAborted();
  if (++progress.continuations > MAX_CONTINUATIONS)
    throw stillCutOff(model, progress.continuations);
  progress.begun += reply.text;
  await transcript.add({
    role: "model",
    text: reply.text,
    calls: [],
    raw: { model: "", content: null },
  });
  const lost =
    reply.calls.length > 0
      ? " Its tool calls were not run: make them again, with smaller inputs."
      : "";
  await transcript.add(
    userText(
      `Your reply was cut off at the output limit. Go on exactly where it stopped, without repeating it.${lost}`,
    ),
  );
  gauge.note(reply.usage, transcript.turns.length);
  yield {
    type: "notice",
    code: "output_cut",
    message: "The reply reached its output limit; the model is asked to go on.",
    data: { continuation: progress.continuations },
  };
  if (reply.stop === "context_full") yield* compact(setup);
}

/** The final answer, or null when the conversation goes on: new input came, or the answer must be given again. */
async function* settleAnswer(
  reply: Reply,
  setup: LoopSetup,
  progress: Progress,
): AsyncGenerator<HarnessEvent, FinalAnswer | null> {
  const { steering, check, transcript, request } = setup;
  request.signal.throwIfAborted();
  if (!steering.isEmpty) {
    progress.begun = "";
    return null;
  }
  const text = progress.begun + reply.text;
  if (text.trim() === "") {
    if (progress.saidNothing) throw hollowCompletion(setup.model);
    progress.saidNothing = true;
    await transcript.add(userText(NOTHING_SAID));
    return null;
  }
  const checked = check?.(text);
  if (checked === undefined || checked.ok) {
    steering.close(); // in the tick that found it empty: nothing can come in between
    return checked ? { text, json: checked.json } : { text };
  }
  if (++progress.repairs > MAX_REPAIRS) {
    throw new CodedError(
      "schema_mismatch",
      `The answer did not satisfy the schema after ${MAX_REPAIRS} repairs:\n${checked.problem}`,
      {
        data: { text },
      },
    );
  }
  yield {
    type: "notice",
    code: "result_repair",
    message: checked.problem,
    data: { attempt: progress.repairs, maxAttempts: MAX_REPAIRS },
  };
  progress.begun = "";
  progress.answerOnly = true;
  await transcript.add(userText(repairInstruction(checked.problem)));
  return null;
}
