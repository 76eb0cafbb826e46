// What it means that a model's server refuses a request, in the words that every harness and the gateway use for it.

const CONTEXT_EXCEEDED =
  /prompt is too long|context[_ ]length|context window|maximum context|input length and `max_tokens` exceed|too many tokens/i;
const QUOTA_EXCEEDED = /insufficient_quota|credit balance|billing/i;

/** By the status of an HTTP answer; `reason` is what the server says to it, which some statuses need. */
export function codeOfRefusal(status: number, reason = ""): string {
  if (status < 500 && QUOTA_EXCEEDED.test(reason)) return "quota_exceeded";
  if (status === 400 && saysContextExceeded(reason)) return "context_exceeded";
  return CODES[status] ?? (status >= 500 ? "server_error" : "invalid_request");
}

export function saysContextExceeded(reason: string): boolean {
  return CONTEXT_EXCEEDED.test(reason);
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
