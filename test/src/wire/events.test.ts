import { onTestFinished, expect, test } from "vitest";
import { events, isDelta, type EventBody, AnyEvent } from "../../../src/wire/events.ts";
import { misbehaving } from "../../fixtures/harnesses/misbehaving.ts";
import { TestRuns } from "../runs/test-runs.ts";

test("an event is a delta because it is declared so, and never for what it holds", () => {
  const deltas = Object.keys(events).filter((type) => isDelta({ type } as EventBody));
  expect(deltas.sort()).toEqual([
    "message.delta",
    "process.output",
    "reasoning.delta",
    "tool.input",
    "tool.output",
  ]);
});

test("a delta that comes without its text is no fact of that name: it is kept as what nobody understood", async () => {
  const broken = {
    ...misbehaving,
    async *run() {
      yield { type: "message.delta", messageId: "m1" } as never;
      yield { type: "message", messageId: "m1", text: "whole" } as const;
    },
  };
  const box = await TestRuns.open({ harnesses: [broken] });
  onTestFinished(async () => {
    await box.close();
    box.remove();
  });
  const run = await box.carryOut("anything");
  expect(box.facts(run, "message.delta")).toEqual([]);
  expect(box.facts(run, "unmapped")).toMatchObject([
    { data: { type: "message.delta", messageId: "m1" } },
  ]);
});

test("a fact without its number, and a delta with one, are no events of the wire", () => {
  const shared = { epoch: "e", time: "2026-01-01T00:00:00.000Z", source: "harness" };
  const said = { messageId: "m", text: "t" };
  const isEvent = (event: object): boolean => AnyEvent.safeParse(event).success;
  expect(isEvent({ ...shared, seq: 1, type: "message", ...said })).toBe(true);
  expect(isEvent({ ...shared, afterSeq: 1, type: "message", ...said })).toBe(false);
  expect(isEvent({ ...shared, afterSeq: 1, type: "message.delta", ...said })).toBe(true);
  expect(isEvent({ ...shared, seq: 1, type: "message.delta", ...said })).toBe(false);
});
