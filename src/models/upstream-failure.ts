// What went wrong between the gateway and a model's server, in the words that harnesses use for it.
import type { RunError } from "../events.ts";

const QUOTA_EXCEEDED = /insufficient_quota|credit balance|billing/i;

/** The server answered, but not with what was asked for. */
export function refusedBy(host: string, status: number, reason: string | null): RunError {
  const message = `The model's server at ${host} answered ${status}${reason === null ? "" : `: ${reason}`}`;
  return { code: codeOf(status, reason ?? ""), message, data: { status } };
}

/** The server was never reached. */
export function unreachable(host: string, error: unknown): RunError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code ?? message;
  return { code: "connection_failed", message: `The model's server at ${host} could not be reached: ${reason}`, data: { reason } };
}

/** The answer began well and went wrong on its way. `reason` is the server's own, where it gave one. */
export function brokenOff(host: string, reason: string | null): RunError {
  if (reason === null) return { code: "stream_cut", message: `The model's server at ${host} broke off in the middle of its answer` };
  return { code: "server_error", message: `The model's server at ${host} ended its answer with an error: ${reason}` };
}

function codeOf(status: number, reason: string): string {
  if (status === 402 || (status < 500 && QUOTA_EXCEEDED.test(reason))) return "quota_exceeded";
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "model_not_found";
  if (status === 429) return "rate_limited";
  if (status === 503 || status === 529) return "overloaded";
  return status >= 500 ? "server_error" : "invalid_request";
}
