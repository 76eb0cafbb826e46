import { expect, test } from "vitest";
import { Renderer } from "../../../src/cli/render.ts";
import type { EventBody } from "../../../src/wire/events.ts";

const AROUND = { epoch: "e", seq: 1, time: "2026-01-01T00:00:00.000Z", source: "harness" } as const;
const USAGE = {
  turns: 1,
  inputTokens: 1,
  outputTokens: 2,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
  costBasis: null,
  cpuMs: null,
  peakMemoryBytes: null,
};

function shown(events: readonly EventBody[], colour = false): string {
  let text = "";
  const renderer = new Renderer((piece) => (text += piece), colour);
  for (const event of events) renderer.show({ ...AROUND, ...event });
  return text;
}

const delta = (messageId: string, text: string): EventBody => ({
  type: "message.delta",
  messageId,
  text,
});
const changed: EventBody = {
  type: "file.changed",
  path: "a.ts",
  change: "modified",
  diff: "--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n same\n--- an SQL comment\n+new\n",
};
const call = (toolCallId: string, command: string): EventBody => ({
  type: "tool.started",
  toolCallId,
  name: "Bash",
  kind: "execute",
  input: { command },
});

test("a change that is seen while a sentence streams is shown after the sentence", () => {
  const events = [
    delta("m", "I have "),
    changed,
    delta("m", "changed it."),
    { type: "message", messageId: "m", text: "I have changed it." },
  ] as EventBody[];
  expect(shown(events)).toBe(
    "I have changed it.\n  modified a.ts (+1 −1)\n  @@ -1,2 +1,2 @@\n   same\n  --- an SQL comment\n  +new\n",
  );
});

test("what a sentence held back is shown before the next call, and at the end of the run at the latest", () => {
  const end: EventBody = {
    type: "run.ended",
    outcome: "failed",
    result: null,
    error: { code: "timed_out", message: "too long" },
    usage: USAGE,
    durationMs: 1500,
    sessionId: "s",
    containment: null,
  };
  expect(shown([delta("m", "Half"), changed, call("t", "ls")])).toMatch(
    /^Half\n● \$ ls\n {2}modified a\.ts/,
  );
  expect(shown([delta("m", "Half"), changed, end])).toMatch(
    /^Half\n {2}modified a\.ts[^]*timed_out: too long\n■ failed in 1\.5 s · 1 turn · 1 token in/,
  );
});

test("a message is shown once: as it streamed, or whole where only a part of it did", () => {
  const whole: EventBody = { type: "message", messageId: "m", text: "All of it." };
  expect(shown([whole])).toBe("All of it.\n");
  expect(shown([delta("m", "All of "), delta("m", "it."), whole])).toBe("All of it.\n");
  expect(shown([delta("m", "it."), whole])).toBe("it.\nAll of it.\n");
});

test("output of calls at the same time is told apart, and each end is named", () => {
  const output = (toolCallId: string, text: string): EventBody => ({
    type: "tool.output",
    toolCallId,
    stream: "stdout",
    text,
  });
  const finished = (toolCallId: string, exitCode: number): EventBody => ({
    type: "tool.finished",
    toolCallId,
    name: "Bash",
    ok: exitCode === 0,
    output: "",
    exitCode,
  });
  expect(
    shown([
      call("1", "make a"),
      call("2", "make b"),
      output("1", "one\n"),
      output("2", "two\n"),
      finished("1", 2),
      finished("2", 0),
    ]),
  ).toBe(
    "● $ make a\n● $ make b\n  ┌ $ make a\n  │ one\n  ┌ $ make b\n  │ two\n  └ $ make a: failed (exit 2)\n  └ done\n",
  );
});

test("a command whose output did not come live shows it at its end, and of a long one the end", () => {
  const finished = (output: string): EventBody => ({
    type: "tool.finished",
    toolCallId: "1",
    name: "Bash",
    ok: true,
    output,
    exitCode: 0,
  });
  expect(shown([call("1", "ls"), finished("a\nb\n")])).toBe("● $ ls\n  │ a\n  │ b\n  └ done\n");
  const lines = Array.from({ length: 100 }, (_, at) => `line ${at}`).join("\n");
  expect(shown([call("1", "ls"), finished(lines)])).toMatch(
    /^● \$ ls\n {2}│ … 60 lines before\n {2}│ line 60\n[^]*line 99\n {2}└ done\n$/,
  );
});

test("colour is written only where it is wanted", () => {
  expect(shown([changed], true)).toContain("\u001B[");
  expect(shown([changed])).not.toContain("\u001B");
});
