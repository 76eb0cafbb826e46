import { expect, test } from "vitest";
import type { Run } from "../../../../src/wire/methods.ts";
import { endOf, liveRun, settle } from "../../../../src/runs/execution/live-run.ts";

test("who waits for a run is let go by its end, by time and by a signal, and leaves nothing behind on it", async () => {
  const live = liveRun({ runId: "run_1" } as Run, {} as never);
  const given = new AbortController();
  const [byTime, bySignal, byEnd] = [
    endOf(live, 1, new AbortController().signal),
    endOf(live, 60_000, given.signal),
    endOf(live, 60_000, new AbortController().signal),
  ];
  await byTime;
  expect(live.waiting.size).toBe(2);
  given.abort();
  await bySignal;
  expect(live.waiting.size).toBe(1);
  settle(live, live.run);
  await byEnd;
  expect(live.waiting.size).toBe(0);
});
