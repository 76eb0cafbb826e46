import { CodedError } from "../../../../tools/coded-error.ts";
import { expect, test } from "vitest";
import { judge, type Ending } from "../../../../src/runs/record/outcome.ts";

const done: Ending = {
  how: "returned",
  result: { text: "done" },
  usedNothing: false,
  didSomething: true,
};
const cancel = { kind: "cancel", error: { code: "cancelled", message: "enough" } } as const;

test.each<[string, Partial<Ending>, string, string | undefined]>([
  ["an answer", {}, "completed", undefined],
  ["an answer of a harness that reports no use", { usedNothing: true }, "completed", undefined],
  ["work without a last word", { result: { text: "" } }, "completed", undefined],
  [
    "JSON without text",
    { result: { text: "", json: { a: 1 } }, didSomething: false },
    "completed",
    undefined,
  ],
  [
    "nothing at all",
    { result: null, usedNothing: true, didSomething: false },
    "failed",
    "hollow_completion",
  ],
  [
    "tokens, but neither answer nor work",
    { result: null, didSomething: false },
    "failed",
    "hollow_completion",
  ],
  [
    "blank text and no use",
    { result: { text: " \n" }, usedNothing: true },
    "failed",
    "hollow_completion",
  ],
  [
    "an upstream error as text",
    { result: { text: "API Error: 529 overloaded" }, usedNothing: true },
    "failed",
    "upstream_error_as_text",
  ],
  [
    "an answer that only speaks of an error",
    { result: { text: "API Error: is what the log says" } },
    "completed",
    undefined,
  ],
  [
    "a failure",
    { how: "threw", thrown: new CodedError("rate_limited", "429") },
    "failed",
    "rate_limited",
  ],
  [
    "a bug",
    { how: "threw", thrown: new TypeError("x is not a function") },
    "failed",
    "internal_error",
  ],
  [
    "a cancel",
    { how: "threw", thrown: new Error("aborted"), interruption: cancel },
    "cancelled",
    "cancelled",
  ],
  [
    "a cancel that the harness ignored",
    { how: "abandoned", interruption: cancel },
    "cancelled",
    "cancelled",
  ],
  ["a shutdown", { interruption: { ...cancel, kind: "shutdown" } }, "cancelled", "cancelled"],
  [
    "a time limit",
    {
      how: "abandoned",
      interruption: { kind: "timeout", error: { code: "timed_out", message: "" } },
    },
    "failed",
    "timed_out",
  ],
])("%s is judged by what was seen", (_title, seen, outcome, code) => {
  const verdict = judge({ ...done, ...seen });
  expect([verdict.outcome, verdict.error?.code]).toEqual([outcome, code]);
});
