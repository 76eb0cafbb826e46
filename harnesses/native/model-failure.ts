// What can go wrong between us and a model's server, told apart by what to do about it.

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
    details: { retryable: boolean; status?: number | null; retryAfterMs?: number | null; cause?: unknown },
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

const CONTEXT_EXCEEDED =
  /prompt is too long|context[_ ]length|context window|maximum context|input length and `max_tokens` exceed|too many tokens/i;
const QUOTA_EXCEEDED = /insufficient_quota|credit balance|billing/i;

/** Reads an error that an SDK threw while it called a server or read its stream. */
export function failureOf(cause: unknown): ModelFailure {
  if (cause instanceof ModelFailure) return cause;
  if (cause instanceof SyntaxError) {
    return new ModelFailure("malformed_stream", "The model's server sent a stream that is not valid JSON", { retryable: true, cause });
  }
  if (!(cause instanceof Error)) return new ModelFailure("connection_failed", String(cause), { retryable: true });
  const error = cause as SdkError;
  const details = { status: error.status ?? null, retryAfterMs: retryAfterOf(error.headers), cause };
  const words = `${error.type ?? ""} ${error.code ?? ""} ${error.message}`;
  if (error.status === undefined && error.error === undefined) {
    const reason = cause.cause instanceof Error ? `${error.message} ${innermostMessage(cause.cause)}` : error.message;
    return new ModelFailure("connection_failed", `The connection to the model's server failed: ${reason}`, { ...details, retryable: true });
  }
  const { code, retryable } = kindOf(error.status ?? statusOfStreamedError(words), words);
  return new ModelFailure(code, `The model's server answered: ${error.message}`, { ...details, retryable });
}

function kindOf(status: number, words: string): { code: string; retryable: boolean } {
  if ((status === 400 || status === 413) && CONTEXT_EXCEEDED.test(words)) return { code: "context_exceeded", retryable: false };
  if (status === 402 || ((status === 429 || status === 400) && QUOTA_EXCEEDED.test(words)))
    return { code: "quota_exceeded", retryable: false };
  if (status === 401) return { code: "unauthorized", retryable: false };
  if (status === 403) return { code: "forbidden", retryable: false };
  if (status === 404) return { code: "model_not_found", retryable: false };
  if (status === 429) return { code: "rate_limited", retryable: true };
  if (status === 503 || status === 529) return { code: "overloaded", retryable: true };
  if (status === 408 || status === 409 || status >= 500) return { code: "server_error", retryable: true };
  return { code: "invalid_request", retryable: false };
}

/** An error inside of a stream that began with 200 has only its words. */
function statusOfStreamedError(words: string): number {
  if (/rate_limit/.test(words)) return 429;
  if (/overloaded/.test(words)) return 529;
  if (/authentication_error|invalid_api_key/.test(words)) return 401;
  if (/permission_error/.test(words)) return 403;
  if (/not_found/.test(words)) return 404;
  if (/invalid_|image_|policy/.test(words) || CONTEXT_EXCEEDED.test(words)) return 400;
  return 500;
}

function innermostMessage(error: Error): string {
  return error.cause instanceof Error ? innermostMessage(error.cause) : error.message;
}

function retryAfterOf(headers: Headers | undefined): number | null {
  const inMs = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(inMs)) return Math.max(0, inMs);
  const text = headers?.get("retry-after");
  if (text === null || text === undefined) return null;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
