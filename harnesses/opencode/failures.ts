// From how OpenCode tells of a failed session to errors that a host can act on.
import { CodedError } from "../../tools/coded-error.ts";
import { codeOfRefusal } from "../model-refusals.ts";
import type { Failure } from "./protocol.ts";

const CODES: Readonly<Record<string, string>> = {
  ProviderAuthError: "unauthorized",
  MessageOutputLengthError: "max_tokens",
  ContextOverflowError: "context_exceeded",
  ContentFilterError: "model_refused",
  MessageAbortedError: "interrupted",
};

/** The error that ended a session's work. */
export function failureOf({ name, data }: Failure): CodedError {
  const status = data.statusCode ?? null;
  const message = data.message ?? `OpenCode reports ${name} and gives no reason`;
  const code =
    CODES[name] ?? (status === null ? codeOfWords(message) : codeOfRefusal(status, message));
  return new CodedError(code, message, { data: { status, reason: name } });
}

/** A model that never answered: OpenCode says what the last attempt failed with, but not its status. */
export function retriesExhausted(retries: number, lastMessage: string): CodedError {
  const code = codeOfWords(lastMessage);
  const message = `The model did not answer in ${retries} retries: ${lastMessage}`;
  return new CodedError(code === "agent_failed" ? "retries_exhausted" : code, message, {
    data: { retries },
  });
}

/** Why the model stopped, where that is no good end. Null: it is. */
export function failureOfFinish(finish: string | undefined): CodedError | null {
  if (finish === "length")
    return new CodedError("max_tokens", "The model's answer was cut off at its output limit");
  if (finish === "content-filter")
    return new CodedError("model_refused", "The model refused to answer");
  return null;
}

function codeOfWords(message: string): string {
  if (/rate.?limit|too many requests|\b429\b/i.test(message)) return "rate_limited";
  if (/overloaded|\b529\b/i.test(message)) return "overloaded";
  if (/unable to connect|connection|ECONN|socket|fetch failed|cannot connect/i.test(message))
    return "connection_failed";
  if (/model not found|ModelNotFound/i.test(message)) return "model_not_found";
  if (/parsing failed|JSON Parse error|invalid JSON/i.test(message)) return "malformed_stream";
  if (/timed? ?out/i.test(message)) return "timed_out";
  return /internal server error|\b5\d\d\b|server error/i.test(message)
    ? "server_error"
    : "agent_failed";
}
