import { expect, test } from "vitest";
import {
  failureOf,
  failureOfFinish,
  retriesExhausted,
} from "../../../harnesses/opencode/failures.ts";

test.each([
  ["APIError", { statusCode: 401, message: "no" }, "unauthorized"],
  ["APIError", { statusCode: 429, message: "insufficient_quota" }, "quota_exceeded"],
  ["APIError", { statusCode: 529, message: "no" }, "overloaded"],
  ["APIError", { statusCode: 500, message: "no" }, "server_error"],
  ["APIError", { statusCode: 400, message: "no" }, "invalid_request"],
  ["ContextOverflowError", { message: "too long" }, "context_exceeded"],
  ["ProviderAuthError", { message: "no key" }, "unauthorized"],
  [
    "UnknownError",
    { message: "Unable to connect. Is the computer able to access the url?" },
    "connection_failed",
  ],
  ["UnknownError", {}, "agent_failed"],
] as const)("%s %o is told as %s", (name, data, code) => {
  expect(failureOf({ name, data })).toMatchObject({ code, data: { reason: name } });
});

test("retries without end are told by what the last one failed with", () => {
  expect(retriesExhausted(5, "Rate limit reached")).toMatchObject({
    code: "rate_limited",
    data: { retries: 5 },
  });
  expect(retriesExhausted(5, "JSON parsing failed: x")).toMatchObject({ code: "malformed_stream" });
  expect(retriesExhausted(5, "something else")).toMatchObject({ code: "retries_exhausted" });
});

test("an answer that was cut off or refused is no good end", () => {
  expect(
    ["length", "content-filter", "stop", undefined].map((finish) => failureOfFinish(finish)?.code),
  ).toEqual(["max_tokens", "model_refused", undefined, undefined]);
});
