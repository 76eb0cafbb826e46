// Keeps a conversation within what its model can hold: measures it, and has the model sum up what came before.
import { CodedError } from "../../../tools/coded-error.ts";
import type { HarnessEvent } from "../../events.ts";
import type { Model, ModelRequest, Reply, ReplyUsage } from "../models/model.ts";
import { relay } from "../models/relay.ts";
import { replyWithRetries, type RetryLimits } from "../models/retry.ts";
import { shorten } from "../tools/tool-results.ts";
import type { Transcript } from "./transcript.ts";
import { userText, type Turn, type UserPart } from "../models/turn.ts";
import { usageEvent } from "../models/usage.ts";

/** The share of a model's context at which the history is summed up. */
const COMPACT_AT = 0.8;
/** The share of it that the history may fill when it is given to be summed up; leaves room for dense text and the summary. */
const SUMMARY_INPUT_SHARE = 0.5;
const CHARS_PER_TOKEN = 4;
const IMAGE_TOKENS = 1_600;
const MAX_SHOWN_ANSWER_CHARS = 2_000;
const MAX_KEPT_REQUEST_CHARS = 20_000;

const SYSTEM = `You sum up the work of a coding agent so that it can go on without the conversation itself. \
Write down, plainly and completely: what the user wants, in detail; what was found out (files, commands, facts); \
what was done and changed; what failed and why; what is still to be done next. Name files, functions and commands exactly. No preface.`;

/** Tells how full the context is: what the server counted, and an estimate of what came since. */
export class ContextGauge {
  #counted = { tokens: 0, turns: 0 };

  /** `turns`: how many there are, the reply included. */
  note({ inputTokens, outputTokens }: ReplyUsage, turns: number): void {
    if (inputTokens > 0) this.#counted = { tokens: inputTokens + outputTokens, turns };
  }

  forget(): void {
    this.#counted = { tokens: 0, turns: 0 };
  }

  sizeOf(turns: readonly Turn[]): number {
    return this.#counted.tokens + estimateTokens(turns.slice(this.#counted.turns));
  }

  isNearlyFull(turns: readonly Turn[], contextTokens: number): boolean {
    return this.sizeOf(turns) > contextTokens * COMPACT_AT;
  }
}

export interface CompactionSetup {
  readonly model: Model;
  readonly transcript: Transcript;
  readonly gauge: ContextGauge;
  readonly contextTokens: number;
  readonly request: Pick<ModelRequest, "signal" | "stallMs" | "cacheKey" | "takenCallIds">;
  readonly retry: RetryLimits;
}

/** Replaces everything but input that is not yet answered by a summary. Throws CodedError `context_exceeded` when there is nothing to sum up. */
export async function* compact(setup: CompactionSetup): AsyncGenerator<HarnessEvent, void> {
  const { model, transcript, gauge } = setup;
  const { turns } = transcript;
  const keep = turns.length - 1 - turns.findLastIndex((turn) => turn.role !== "user");
  const older = turns.slice(0, turns.length - keep);
  if (older.length === 0 || (older.length === 1 && older[0]?.role === "summary")) {
    throw new CodedError(
      "context_exceeded",
      `The input alone is more than ${model.name} can hold (${setup.contextTokens} tokens); give less at once`,
    );
  }
  const tokensBefore = gauge.sizeOf(turns);
  const reply = yield* askForSummary(older, setup);
  yield usageEvent(model.name, reply.usage);
  if (reply.text.trim() === "")
    throw new CodedError(
      "context_exceeded",
      `${model.name} gave no summary of a history that it cannot hold`,
    );
  await transcript.add({ role: "summary", text: summaryText(reply.text, older), keep });
  gauge.forget();
  const tokensAfter = gauge.sizeOf(transcript.turns);
  const message = `The history was summed up: about ${tokensBefore} tokens became about ${tokensAfter}.`;
  yield {
    type: "notice",
    code: "compaction",
    message,
    data: { turns: older.length, tokensBefore, tokensAfter },
  };
}

/** The summary is not an answer to the user: of its stream only the notices are passed on. */
async function* askForSummary(
  older: readonly Turn[],
  setup: CompactionSetup,
): AsyncGenerator<HarnessEvent, Reply> {
  const maxChars = Math.floor(setup.contextTokens * SUMMARY_INPUT_SHARE * CHARS_PER_TOKEN);
  const history = shorten(older.map(showTurn).join("\n\n"), maxChars);
  const turns = [
    userText(
      `<conversation>\n${history}\n</conversation>\n\nSum up this conversation for the agent that goes on with it.`,
    ),
  ];
  const stream = replyWithRetries(
    setup.model,
    { ...setup.request, turns, system: SYSTEM, tools: [] },
    setup.retry,
  );
  return yield* relay(stream, ({ type }) => type === "notice");
}

function showTurn(turn: Turn): string {
  if (turn.role === "user")
    return `USER: ${turn.parts.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join("\n")}`;
  if (turn.role === "summary") return turn.text;
  if (turn.role === "tool") {
    const media = (turn.media ?? []).map(({ type }) => ` [${type}]`).join("");
    return `ANSWER of ${turn.name}: ${shorten(turn.text, MAX_SHOWN_ANSWER_CHARS)}${media}`;
  }
  const calls = turn.calls.map(
    ({ name, input }) => `CALL ${name}: ${shorten(JSON.stringify(input), MAX_SHOWN_ANSWER_CHARS)}`,
  );
  return [`AGENT: ${turn.text}`, ...calls].join("\n");
}

function summaryText(summary: string, older: readonly Turn[]): string {
  const asked = older.flatMap((turn) =>
    turn.role === "user"
      ? turn.parts.flatMap((part) => (part.type === "text" ? [part.text] : []))
      : [],
  );
  const kept = shorten(asked.join("\n\n"), MAX_KEPT_REQUEST_CHARS);
  const words = kept === "" ? "" : `\n\nWhat the user asked, in their own words:\n${kept}`;
  return `The conversation so far grew too long and was summed up. Go on from here.\n\n${summary}${words}`;
}

function estimateTokens(turns: readonly Turn[]): number {
  return turns.reduce((sum, turn) => sum + tokensOf(turn), 0);
}

function tokensOf(turn: Turn): number {
  if (turn.role === "user") return tokensOfParts(turn.parts);
  if (turn.role === "tool") return tokensOfText(turn.text) + tokensOfParts(turn.media ?? []);
  return tokensOfText(turn.role === "model" ? turn.text + JSON.stringify(turn.calls) : turn.text);
}

function tokensOfParts(parts: readonly UserPart[]): number {
  return parts.reduce((sum, part) => {
    if (part.type === "image") return sum + IMAGE_TOKENS;
    return sum + tokensOfText(part.type === "text" ? part.text : part.data);
  }, 0);
}

function tokensOfText(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}
