// From how Codex tells of a failed turn to errors that a host can act on.
import { CodedError } from "../../tools/coded-error.ts";
import { z } from "zod";
import { codeOfRefusal } from "../model-refusals.ts";
import type { TurnError } from "./protocol.ts";

/** Codex's own words for what went wrong, and ours. */
const CODES: Readonly<Record<string, string>> = {
  contextWindowExceeded: "context_exceeded",
  usageLimitExceeded: "quota_exceeded",
  sessionBudgetExceeded: "quota_exceeded",
  rateLimitExceeded: "rate_limited",
  flexUnavailable: "overloaded",
  serverOverloaded: "overloaded",
  policyCapacityUnavailable: "overloaded",
  internalServerError: "server_error",
  modelNotFound: "model_not_found",
  unauthorized: "unauthorized",
  badRequest: "invalid_request",
  cyberPolicy: "model_refused",
  misalignmentPolicyViolation: "model_refused",
  tooManyDenials: "permission_denied",
  sandboxError: "sandbox_failed",
  httpConnectionFailed: "connection_failed",
  responseStreamConnectionFailed: "connection_failed",
  responseStreamDisconnected: "connection_failed",
  responseTooManyFailedAttempts: "connection_failed",
};

/** The error of a failed turn. `lastRetry` is what the last attempt before it failed with: the final word is often only "other". */
export function failureOf(
  error: TurnError | null | undefined,
  lastRetry: TurnError | null,
): CodedError {
  const info = infoOf(error) ?? infoOf(lastRetry);
  const refusal = info ? null : bodyOf(error?.message);
  if (refusal !== null)
    return new CodedError("invalid_request", `The model's server refuses the request: ${refusal}`, {
      data: { status: 400 },
    });
  const status = info?.status ?? null;
  const code =
    (status !== null && status >= 400 && codeOfRefusal(status, error?.message)) ||
    (info && CODES[info.word]) ||
    codeOfIncomplete(error?.message) ||
    "agent_failed";
  const message = error?.message ?? "Codex reports a failed turn and gives no reason";
  return new CodedError(code, message, { data: { status, reason: info?.word ?? null } });
}

const AnswerBody = z.object({ error: z.object({ message: z.string() }) });

/** Of a 400 alone Codex passes on the answer's body, word for word, and nothing else. Null for any other message. */
function bodyOf(message: string | undefined): string | null {
  try {
    const body: unknown = JSON.parse(message ?? "");
    return AnswerBody.safeParse(body).data?.error.message ?? message ?? null;
  } catch {
    return null;
  }
}

/** An answer that the server cut short: Codex says why in words alone. */
function codeOfIncomplete(message: string | undefined): string | null {
  const reason = /^Incomplete response returned, reason: (\w+)/.exec(message ?? "")?.[1];
  if (reason === "max_output_tokens") return "max_tokens";
  return reason === "content_filter" ? "model_refused" : null;
}

/** The HTTP status that an error names; null when it names none. */
export function statusOf(error: TurnError): number | null {
  return infoOf(error)?.status ?? null;
}

function infoOf(
  error: TurnError | null | undefined,
): { word: string; status: number | null } | null {
  const info = error?.codexErrorInfo;
  if (info === null || info === undefined || info === "other") return null;
  if (typeof info === "string") return { word: info, status: null };
  const [word, detail] = Object.entries(info)[0] ?? [];
  return word === undefined ? null : { word, status: detail?.httpStatusCode ?? null };
}
