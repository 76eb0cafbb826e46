// Calls a model until it answers: waits and tries again where that can help, each time visibly.
import { CodedError } from "../../../tools/coded-error.ts";
import type { HarnessEvent } from "../../events.ts";
import { ModelFailure } from "./model-failure.ts";
import type { Model, ModelRequest, Reply } from "./model.ts";
import { wait } from "./model-stream.ts";
import { relay } from "./relay.ts";

export interface RetryLimits {
  readonly maxAttempts: number;
  /** Doubled with each attempt, up to a minute, and shortened by chance so that many clients do not come back at once. */
  readonly baseDelayMs: number;
}

const MAX_DELAY_MS = 60_000;
/** A server that asks for a longer pause is taken at its word: the run fails and says until when. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Like `model.reply`, but fails only with a CodedError (or the signal's reason), and takes back what a failed attempt had streamed. */
export async function* replyWithRetries(
  model: Model,
  request: Omit<ModelRequest, "messageId">,
  limits: RetryLimits,
): AsyncGenerator<HarnessEvent, Reply & { messageId: string }> {
  for (let attempt = 1; ; attempt++) {
    const messageId = `msg_${crypto.randomUUID()}`;
    let streamed = false;
    try {
      const reply = yield* relay(model.reply({ ...request, messageId }), ({ type }) => {
        streamed ||= type === "message.delta" || type === "reasoning.delta";
        return true;
      });
      return { ...reply, messageId };
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof ModelFailure)) throw error;
      if (streamed) yield { type: "message.retracted", messageId, reason: error.message };
      const delayMs = delayBefore(attempt, error, limits);
      if (delayMs === null) throw harnessErrorOf(error, attempt);
      yield noticeOf(error, attempt, limits.maxAttempts, delayMs);
      await wait(delayMs, request.signal);
    }
  }
}

/** Null: not again. */
function delayBefore(
  attempt: number,
  failure: ModelFailure,
  { maxAttempts, baseDelayMs }: RetryLimits,
): number | null {
  if (!failure.retryable || attempt >= maxAttempts) return null;
  if (failure.retryAfterMs !== null)
    return failure.retryAfterMs > MAX_RETRY_AFTER_MS ? null : failure.retryAfterMs;
  const full = Math.min(MAX_DELAY_MS, baseDelayMs * 2 ** (attempt - 1));
  return Math.round(full * (0.5 + Math.random() / 2));
}

function noticeOf(
  failure: ModelFailure,
  attempt: number,
  maxAttempts: number,
  delayMs: number,
): HarnessEvent {
  const { code, status } = failure;
  const message = `${failure.message}. Trying again in ${delayMs} ms (attempt ${attempt + 1} of ${maxAttempts}).`;
  return {
    type: "notice",
    code: "retry",
    message,
    data: { attempt, maxAttempts, delayMs, status, cause: code },
  };
}

function harnessErrorOf(failure: ModelFailure, attempts: number): CodedError {
  const { status, retryAfterMs } = failure;
  const message =
    attempts > 1 ? `${failure.message} (given up after ${attempts} attempts)` : failure.message;
  return new CodedError(failure.code, message, {
    data: { status, attempts, ...(retryAfterMs !== null && { retryAfterMs }) },
    cause: failure,
  });
}
