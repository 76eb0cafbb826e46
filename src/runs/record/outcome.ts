// How a run ended, judged from what was seen and never from what was hoped: one state machine above all harnesses.
import { CodedError } from "../../../tools/coded-error.ts";
import { headOf } from "../../../tools/machinery/text/cut.ts";
import type { RunError, RunOutcome, RunResult } from "../../wire/events.ts";

/** Why the daemon aborted a run. */
export interface Interruption {
  readonly kind: "cancel" | "shutdown" | "timeout" | "budget" | "watch" | "refusal";
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
  /** How the last request to a model failed, as the gateway saw it; null when it was answered. */
  readonly upstream?: RunError | null;
}

export interface Verdict {
  readonly outcome: RunOutcome;
  readonly result: RunResult | null;
  readonly error: RunError | null;
}

/** Texts with which model servers' failures arrive dressed as an answer. */
const UPSTREAM_ERROR_TEXT =
  /^\s*(API Error:|Error: \d{3}\b|upstream error\b|\{"type":"error"|\{"error":\s*\{)/i;

/** Words with which agents tell that something went wrong, and not what: they see the gateway, and not the server behind it. */
const VAGUE: ReadonlySet<string> = new Set([
  "agent_failed",
  "agent_exited",
  "model_failed",
  "connection_failed",
  "server_error",
  "retries_exhausted",
  "hollow_completion",
]);

export function judge(ending: Ending): Verdict {
  const { interruption, result, upstream = null } = ending;
  if (interruption) {
    const stoppedByUs = interruption.kind === "cancel" || interruption.kind === "shutdown";
    const error =
      interruption.kind === "watch"
        ? withUpstream(interruption.error, upstream)
        : interruption.error;
    return { outcome: stoppedByUs ? "cancelled" : "failed", result, error };
  }
  const error = ending.how === "threw" ? errorOf(ending.thrown) : doubtAbout(ending);
  if (error === null) return { outcome: "completed", result, error };
  const isVague = upstream !== null && VAGUE.has(error.code);
  return {
    outcome: "failed",
    result,
    error: isVague ? inFavourOf(upstream, error) : withUpstream(error, upstream),
  };
}

/** What the gateway saw stands in for what the agent could not know. */
function inFavourOf(upstream: RunError, { code, message, data }: RunError): RunError {
  if (code === upstream.code) return { ...upstream, data: { ...data, ...upstream.data } };
  return {
    code: upstream.code,
    message: `${upstream.message}. The agent says: ${message}`,
    data: { ...data, ...upstream.data, agentCode: code },
  };
}

function withUpstream(error: RunError, upstream: RunError | null): RunError {
  return upstream === null ? error : { ...error, data: { ...error.data, upstream } };
}

/** A harness that says it is done, and is not to be believed. */
function doubtAbout({ result, usedNothing, didSomething }: Ending): RunError | null {
  if (
    result !== null &&
    result.json === undefined &&
    usedNothing &&
    UPSTREAM_ERROR_TEXT.test(result.text)
  ) {
    return {
      code: "upstream_error_as_text",
      message: `The answer is an error of the model's server: ${headOf(result.text, 500)}`,
    };
  }
  const saidNothing = result === null || (result.text.trim() === "" && result.json === undefined);
  if (saidNothing && (usedNothing || !didSomething)) {
    return {
      code: "hollow_completion",
      message: "The harness reported success, but there was no answer and no sign of work",
    };
  }
  return null;
}

export function errorOf(thrown: unknown): RunError {
  if (thrown instanceof CodedError) {
    return {
      code: thrown.code,
      message: thrown.message,
      ...(thrown.data && { data: { ...thrown.data } }),
    };
  }
  return {
    code: "internal_error",
    message: thrown instanceof Error ? thrown.message : String(thrown),
  };
}
