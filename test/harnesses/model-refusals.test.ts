import { expect, test } from "vitest";
import { codeOfRefusal } from "../../harnesses/model-refusals.ts";

test.each([
  [401, "", "unauthorized"],
  [403, "", "forbidden"],
  [404, "", "model_not_found"],
  [413, "", "context_exceeded"],
  [400, "prompt is too long: 1 tokens > 0", "context_exceeded"],
  [400, "unknown parameter", "invalid_request"],
  [402, "", "quota_exceeded"],
  [429, "insufficient_quota", "quota_exceeded"],
  [429, "", "rate_limited"],
  [529, "", "overloaded"],
  [500, "billing is down", "server_error"],
])("%i %s is told as %s, whichever harness met it", (status, reason, code) => {
  expect(codeOfRefusal(status, reason)).toBe(code);
});
