// What a reply that is no answer means, and the errors that a conversation ends with.
import { CodedError } from "../../../tools/coded-error.ts";
import type { Model, Reply } from "../models/model.ts";

/** It neither says nor calls anything; it may have thought. */
export function isSilent({ text, calls }: Reply): boolean {
  return text.trim() === "" && calls.length === 0;
}

export function hollowCompletion({ name }: Model): CodedError {
  return new CodedError(
    "hollow_completion",
    `${name} ended its reply twice without an answer or a tool call; start again, or take another model`,
  );
}

/** It reached a limit in the middle. */
export function isCut({ stop }: Reply): boolean {
  return stop === "max_tokens" || stop === "context_full";
}

export function refusalOf({ text }: Reply, { name }: Model): CodedError {
  return new CodedError(
    "model_refused",
    `${name} refused to answer: ${text || "it gave no reason"}`,
  );
}

export function turnLimitReached(maxTurns: number): CodedError {
  return new CodedError(
    "max_turns",
    `The model was not done after ${maxTurns} turns, the limit of this run`,
  );
}

export function stillCutOff({ name }: Model, times: number): CodedError {
  return new CodedError(
    "max_tokens",
    `${name} was cut off at its output limit ${times} times; raise maxOutputTokens or ask for less at once`,
  );
}
