// What can go wrong between us and a model's server, told apart by what to do about it.
import { codeOfRefusal, saysContextExceeded } from "../../model-refusals.ts";

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
  const code = codeOfRefusal(error.status ?? statusOfStreamedError(words), words);
  return new ModelFailure(code, `The model's server answered: ${error.message}`, {
    ...details,
    retryable: RETRYABLE.has(code),
  });
}

/** An error inside of a stream that began with 200 has only its words. */
function statusOfStreamedError(words: string): number {
  if (/rate_limit/.test(words)) return 429;
  if (/overloaded/.test(words)) return 529;
  if (/authentication_error|invalid_api_key/.test(words)) return 401;
  if (/permission_error/.test(words)) return 403;
  if (/not_found/.test(words)) return 404;
  if (/invalid_|image_|policy/.test(words) || saysContextExceeded(words)) return 400;
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
