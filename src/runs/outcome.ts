// How a run ended, judged from what was seen and never from what was hoped: one state machine above all harnesses.
import { HarnessError } from "../../harnesses/harness.ts";
import type { RunError, RunOutcome, RunResult } from "../events.ts";

/** Why the daemon aborted a run. */
export interface Interruption {
  readonly kind: "cancel" | "shutdown" | "timeout" | "budget" | "watch";
  readonly error: RunError;
}

export interface Ending {
  /** `returned`: the harness says it is done; `threw`: it failed; `abandoned`: it did not end when told to. */
  readonly how: "returned" | "threw" | "abandoned";
  readonly thrown?: unknown;
  /** Set when the daemon had aborted the run before it ended. */
  readonly interruption?: Interruption | undefined;
  /** The last `result` event, or the last message when there was none. */
  readonly result: RunResult | null;
  /** True when the harness reported no usage at all. */
  readonly usedNothing: boolean;
  /** True when there was any sign of work: a message, a tool call, a plan. */
  readonly didSomething: boolean;
}

export interface Verdict {
  readonly outcome: RunOutcome;
  readonly result: RunResult | null;
  readonly error: RunError | null;
}

/** Texts with which model servers' failures arrive dressed as an answer. */
const UPSTREAM_ERROR_TEXT = /^\s*(API Error:|Error: \d{3}\b|upstream error\b|\{"type":"error"|\{"error":\s*\{)/i;

export function judge(ending: Ending): Verdict {
  const { interruption, result } = ending;
  if (interruption) {
    const stoppedByUs = interruption.kind === "cancel" || interruption.kind === "shutdown";
    return { outcome: stoppedByUs ? "cancelled" : "failed", result, error: interruption.error };
  }
  if (ending.how === "threw") return { outcome: "failed", result, error: errorOf(ending.thrown) };
  const doubt = doubtAbout(ending);
  return doubt ? { outcome: "failed", result, error: doubt } : { outcome: "completed", result, error: null };
}

/** A harness that says it is done, and is not to be believed. */
function doubtAbout({ result, usedNothing, didSomething }: Ending): RunError | null {
  if (result !== null && result.json === undefined && usedNothing && UPSTREAM_ERROR_TEXT.test(result.text)) {
    return { code: "upstream_error_as_text", message: `The answer is an error of the model's server: ${result.text.slice(0, 500)}` };
  }
  const saidNothing = result === null || (result.text.trim() === "" && result.json === undefined);
  if (saidNothing && (usedNothing || !didSomething)) {
    return { code: "hollow_completion", message: "The harness reported success, but there was no answer and no sign of work" };
  }
  return null;
}

export function errorOf(thrown: unknown): RunError {
  if (thrown instanceof HarnessError) {
    return { code: thrown.code, message: thrown.message, ...(thrown.data && { data: { ...thrown.data } }) };
  }
  return { code: "internal_error", message: thrown instanceof Error ? thrown.message : String(thrown) };
}
