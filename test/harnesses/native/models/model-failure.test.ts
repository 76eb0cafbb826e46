// What is tried again and what is not, read from the errors that servers give.
import { expect, test } from "vitest";
import { failureOf } from "../../../../harnesses/native/models/model-failure.ts";

const sdkError = (status: number | undefined, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { status, error: {}, ...more });

test.each([
  [429, "slow down", "rate_limited", true],
  [429, "insufficient_quota: check your plan and billing", "quota_exceeded", false],
  [400, "Your credit balance is too low", "quota_exceeded", false],
  [402, "payment", "quota_exceeded", false],
  [529, "Overloaded", "overloaded", true],
  [503, "unavailable", "overloaded", true],
  [408, "timeout", "server_error", true],
  [409, "conflict", "server_error", true],
  [400, "prompt is too long: 1 tokens > 0", "context_exceeded", false],
  [400, "This model's maximum context length is 8192 tokens", "context_exceeded", false],
  [400, "unknown parameter", "invalid_request", false],
  [422, "unprocessable", "invalid_request", false],
])("%i %s is %s", (status, message, code, retryable) => {
  expect(failureOf(sdkError(status, message))).toMatchObject({ code, retryable, status });
});

test.each([
  ["overloaded_error", "overloaded", true],
  ["rate_limit_error", "rate_limited", true],
  ["api_error", "server_error", true],
  ["authentication_error", "unauthorized", false],
  ["invalid_request_error", "invalid_request", false],
])("an error %s inside of a stream is %s", (type, code, retryable) => {
  expect(failureOf(sdkError(undefined, "said in the stream", { type }))).toMatchObject({
    code,
    retryable,
  });
});

test("Retry-After is read as seconds, as a date and in milliseconds", () => {
  const retryAfter = (headers: Record<string, string>): number | null =>
    failureOf(sdkError(429, "x", { headers: new Headers(headers) })).retryAfterMs;
  expect(retryAfter({ "retry-after": "2" })).toBe(2000);
  expect(retryAfter({ "retry-after": "2", "retry-after-ms": "150" })).toBe(150);
  const soon = retryAfter({ "retry-after": new Date(Date.now() + 10_000).toUTCString() }) ?? 0;
  expect(soon).toBeGreaterThan(8_000);
  expect(soon).toBeLessThanOrEqual(10_000);
  expect(retryAfter({ "retry-after": "soon" })).toBeNull();
  expect(retryAfter({})).toBeNull();
});

test("a connection that failed names its innermost reason", () => {
  const error = new Error("Connection error.", {
    cause: new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }),
  });
  expect(failureOf(error)).toMatchObject({
    code: "connection_failed",
    retryable: true,
    message: expect.stringContaining("ECONNREFUSED") as string,
  });
});
