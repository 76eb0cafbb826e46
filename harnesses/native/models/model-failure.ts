// What can go wrong between us and a model's server, told apart by what to do about it.
import { saysContextExceeded } from "../../context-exceeded.ts";
import { codeOfRefusal, saysQuotaExceeded } from "../../model-refusals.ts";
import { isObject } from "../gate/json.ts";

/** A call to a model that failed, with what the retry needs to know. */
export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
  /** Becomes the run's error code: `rate_limited`, `unauthorized`, `stream_cut`, … */
  readonly code: string;
  readonly retryable: boolean;
  readonly status: number | null;
  /** As the server asked; null when it did not. */
  readonly retryAfterMs: number | null;

  constructor(
    code: string,
    message: string,
    details: {
      retryable: boolean;
      status?: number | null;
      retryAfterMs?: number | null;
      cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable;
    this.status = details.status ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** The two SDKs throw the same shape; a failed connection has no status. */
interface SdkError {
  readonly message: string;
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly error?: unknown;
  readonly code?: string | null | undefined;
  readonly type?: string | null | undefined;
}

/** Asking again may help. */
const RETRYABLE: ReadonlySet<string> = new Set(["rate_limited", "overloaded", "server_error"]);

/** Reads an error that an SDK threw while it called a server or read its stream. */
export function failureOf(cause: unknown): ModelFailure {
  if (cause instanceof ModelFailure) return cause;
  if (cause instanceof SyntaxError) {
    return new ModelFailure(
      "malformed_stream",
      "The model's server sent a stream that is not valid JSON",
      { retryable: true, cause },
    );
  }
  if (!(cause instanceof Error))
    return new ModelFailure("connection_failed", String(cause), { retryable: true });
  const error = cause as SdkError;
  const details = {
    status: error.status ?? null,
    retryAfterMs: retryAfterOf(error.headers),
    cause,
  };
  const words = `${error.type ?? ""} ${error.code ?? ""} ${error.message}`;
  if (error.status === undefined && error.error === undefined) {
    const reason =
      cause.cause instanceof Error
        ? `${error.message} ${innermostMessage(cause.cause)}`
        : error.message;
    return new ModelFailure(
      "connection_failed",
      `The connection to the model's server failed: ${reason}`,
      { ...details, retryable: true },
    );
  }
  const code = codeOfRefusal(error.status ?? statusOfWords(words, 500), words);
  return new ModelFailure(code, `The model's server answered: ${error.message}`, {
    ...details,
    retryable: RETRYABLE.has(code),
  });
}

/**
 * An error that a server tells inside of an answer that began with 200: an object, or its words alone. `otherwise`: the status that its
 * words stand for when they say nothing that we know.
 */
export function failureOfToldError(told: unknown, otherwise = 500): ModelFailure {
  const error = isObject(told) ? told : { message: told };
  const text = (name: string): string => (typeof error[name] === "string" ? error[name] : "");
  const message = text("message") || text("detail") || JSON.stringify(told);
  const words = [text("type"), text("code"), text("status"), message].join(" ");
  const given = Number(error["code"] ?? error["status"]); // OpenRouter's and Google's codes are those of HTTP
  const status = given >= 400 && given < 600 ? given : statusOfWords(words, otherwise);
  const code = codeOfRefusal(status, words);
  return new ModelFailure(code, `The model's server answered: ${message}`, {
    retryable: RETRYABLE.has(code),
    status: given >= 400 && given < 600 ? given : null,
    cause: told,
  });
}

function statusOfWords(words: string, otherwise: number): number {
  if (/rate.?limit|too many requests/i.test(words)) return 429;
  if (/overloaded|unavailable|at capacity|try again/i.test(words)) return 529;
  if (/authentication_error|invalid_api_key|unauthorized/i.test(words)) return 401;
  if (/permission_error|forbidden/i.test(words)) return 403;
  if (/not_found/.test(words)) return 404;
  if (/api_error|server_error|internal|timeout|timed out/i.test(words)) return 500;
  if (
    /invalid_|image_|policy/.test(words) ||
    saysContextExceeded(words) ||
    saysQuotaExceeded(words)
  )
    return 400;
  return otherwise;
}

function innermostMessage(error: Error): string {
  return error.cause instanceof Error ? innermostMessage(error.cause) : error.message;
}

/** Empty, zero or past says nothing: null, so that we wait as we would without it. */
function retryAfterOf(headers: Headers | undefined): number | null {
  const inMs = Number(headers?.get("retry-after-ms")?.trim() || Number.NaN);
  if (inMs > 0 && Number.isFinite(inMs)) return inMs;
  const text = headers?.get("retry-after")?.trim() ?? "";
  if (text === "") return null;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return ms > 0 ? ms : null;
}
