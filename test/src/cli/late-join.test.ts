import { expect, test } from "vitest";
import { LateJoin } from "../../../src/cli/late-join.ts";
import type { Envelope } from "../../../src/wire/events.ts";

const AROUND = { epoch: "e", time: "2026-01-01T00:00:00.000Z", source: "harness" } as const;

function output(offset: number, text: string): Envelope<"tool.output"> {
  return { ...AROUND, type: "tool.output", toolCallId: "t", stream: "stdout", offset, text };
}

function joined(play: (joining: LateJoin) => void): string {
  let shown = "";
  play(new LateJoin((event) => (shown += "text" in event ? event.text : "")));
  return shown;
}

test("what was streamed before comes first, and each character once, however the two overlap", () => {
  const whole = "0123456789";
  for (let snapshot = 0; snapshot <= 10; snapshot++) {
    for (let from = 0; from <= snapshot; from++) {
      const shown = joined((joining) => {
        if (from < snapshot) joining.take(output(from, whole.slice(from, snapshot)));
        joining.begin([output(0, whole.slice(0, snapshot))]);
        joining.take(output(Math.max(0, snapshot - 2), whole.slice(Math.max(0, snapshot - 2))));
      });
      expect(shown).toBe(whole);
    }
  }
});

test("what begins while one watches is shown at once, and what others' streams hold apart from it", () => {
  const other = { ...output(3, "def"), toolCallId: "u" };
  const shown = joined((joining) => {
    joining.take(output(0, "now "));
    joining.take(other);
    joining.take(output(4, "and "));
    joining.begin([{ ...other, offset: 0, text: "abc" }]);
    joining.take(output(8, "then"));
  });
  expect(shown).toBe("now and abcdefthen");
});
