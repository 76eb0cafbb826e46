// What a model reads of a tool's answer.
import { expect, test } from "vitest";
import { renderOutcome } from "../../../../harnesses/native/tools/tool-results.ts";

test("numbers are short, and what is not there is not mentioned", () => {
  const output = {
    exitCode: 0,
    signal: null,
    durationMs: 18.884892000000036,
    resources: { cpuMs: 4.969, peakMemoryBytes: null },
    stdout: "one\ntwo\n",
    stderr: "",
  };
  expect(renderOutcome({ ok: true, output })).toBe(
    'exitCode: 0\ndurationMs: 18.9\nresources: {"cpuMs":5}\nstdout:\none\ntwo',
  );
});
