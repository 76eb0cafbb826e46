import { expect, test } from "vitest";
import { OpenEnds } from "../../../../src/runs/record/open-ends.ts";

const MIB = 1024 * 1024;

test("what is closed by the harness, or retracted, needs no closing", () => {
  const open = new OpenEnds();
  open.follow({ type: "message.delta", messageId: "m1", text: "a" });
  open.follow({ type: "message", messageId: "m1", text: "a" });
  open.follow({ type: "reasoning.delta", messageId: "m2", text: "b" });
  open.follow({ type: "message.retracted", messageId: "m2", reason: "again" });
  open.follow({ type: "tool.input", toolCallId: "t1", name: "Bash", text: "{" });
  open.follow({ type: "tool.started", toolCallId: "t1", name: "Bash", kind: "execute", input: {} });
  open.follow({ type: "tool.output", toolCallId: "t1", stream: "stdout", text: "out" });
  open.follow({ type: "tool.finished", toolCallId: "t1", name: "Bash", ok: true, output: "out" });
  expect([...open.closings()]).toEqual([]);
});

test("a text that is streamed without end takes bounded memory, and says what is not kept", () => {
  const open = new OpenEnds();
  for (let count = 0; count < 3; count++)
    open.follow({ type: "message.delta", messageId: "m", text: "x".repeat(MIB - 1) });
  const [closing] = [...open.closings()];
  expect(closing).toMatchObject({ type: "message", messageId: "m" });
  expect(closing).toHaveProperty(
    "text",
    `${"x".repeat(MIB)}… [${2 * MIB - 3} more characters are not kept]`,
  );
});

test("who joins late gets each text and output under way from its beginning, and later deltas say where they stand", () => {
  const open = new OpenEnds();
  const printed = { type: "tool.output", toolCallId: "t", stream: "stdout" } as const;
  expect(open.follow({ ...printed, text: "one " })).toBe(0);
  expect(open.follow({ ...printed, text: "two" })).toBe(4);
  expect(open.follow({ ...printed, stream: "stderr", text: "!" })).toBe(0);
  expect(open.follow({ type: "message.delta", messageId: "m", text: "He" })).toBe(0);
  open.follow({ type: "message", messageId: "m", text: "He" });
  expect([...open.soFar()]).toEqual([
    { ...printed, offset: 0, text: "one two" },
    { ...printed, stream: "stderr", offset: 0, text: "!" },
  ]);
  expect(open.follow({ ...printed, text: "three" })).toBe(7);
});
