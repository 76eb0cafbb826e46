// What it means that a model's server refuses a request, in the words that every harness and the gateway use for it.

import { saysContextExceeded } from "./context-exceeded.ts";

const QUOTA_EXCEEDED =
  /insufficient[_ ](quota|credits?|funds|balance)|credit balance|billing|payment required/i;
/** Whatever is said beside these, they mean something else. */
const NEVER_TOO_LONG: ReadonlySet<number> = new Set([401, 402, 403, 404, 429]);

/** By the status of an HTTP answer; `reason` is what the server says to it, which some statuses need. */
export function codeOfRefusal(status: number, reason = ""): string {
  if (status < 500 && saysQuotaExceeded(reason)) return "quota_exceeded";
  // Some servers say it with 422, local ones with 500.
  if (!NEVER_TOO_LONG.has(status) && saysContextExceeded(reason)) return "context_exceeded";
  return CODES[status] ?? (status >= 500 ? "server_error" : "invalid_request");
}

export function saysQuotaExceeded(reason: string): boolean {
  return QUOTA_EXCEEDED.test(reason);
}

const CODES: Readonly<Record<number, string>> = {
  401: "unauthorized",
  402: "quota_exceeded",
  403: "forbidden",
  404: "model_not_found",
  408: "server_error",
  409: "server_error",
  413: "context_exceeded",
  429: "rate_limited",
  503: "overloaded",
  529: "overloaded",
};
