// Random interleavings of appends, commits and readers, against a ring that is often too small.
import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Batch, Journal } from "../../../src/journal/journal.ts";
import { appendMessages, makeDirectory, openJournal, parse, readAll } from "./open-journal.ts";

const runId = fc.constantFrom("a", "b");
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("fact" as const),
      runId,
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("delta" as const), runId }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("follow" as const),
      back: fc.nat(60),
      runId: fc.option(runId, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), reader: fc.nat(5) }) },
);

test("whatever the interleaving, each reader gets its facts once, in order, and deltas in their place", async () => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 60 }),
    fc.integer({ min: 1, max: 20_000 }),
    async (steps, ringBytes) => {
      const journal = openJournal({ directory: makeDirectory(), ringBytes });
      const readers: Reader[] = [];
      for (const [number, step] of steps.entries()) {
        const about = "runId" in step ? ({ source: "harness", runId: step.runId } as const) : null;
        if (step.do === "fact") appendMessages(journal, step.count, step.runId, "x".repeat(200));
        if (step.do === "delta" && about)
          journal.append({ type: "message.delta", messageId: "m", text: `<${number}>` }, about);
        if (step.do === "turn") await nextTurn();
        if (step.do === "follow")
          readers.push(new Reader(journal, Math.max(0, journal.head.seq - step.back), step.runId));
        if (step.do === "read") readers[step.reader]?.readOn();
      }
      for (const runId of ["a", "b"])
        journal.append({ type: "turn" }, { source: "harness", runId });
      await journal.committed();
      for (const reader of readers) await reader.checkAll();
      journal.close();
    },
  );
  await expect(fc.assert(property, { numRuns: 60 })).resolves.toBeUndefined();
});

/** Reads one batch at a time when told to, and at the end compares all it got with what is stored. */
class Reader {
  readonly #journal: Journal;
  readonly #start: number;
  readonly #runId: string | undefined;
  readonly #batches: AsyncGenerator<Batch, void>;
  readonly #events: string[] = [];
  #reading: Promise<void> | null = null;

  constructor(journal: Journal, start: number, runId: string | undefined) {
    this.#journal = journal;
    this.#start = start;
    this.#runId = runId;
    const after = { epoch: journal.epoch, seq: start };
    this.#batches = journal.follow({
      after,
      filter: { deltas: true, runId },
      signal: new AbortController().signal,
      maxBatchEvents: 5,
    }).batches;
  }

  readOn(): void {
    this.#reading ??= this.#batches.next().then(({ value }) => {
      assert(value?.kind === "events");
      this.#events.push(...value.events);
      this.#reading = null;
    });
  }

  async checkAll(): Promise<void> {
    const expected = readAll(
      this.#journal,
      { deltas: true, runId: this.#runId },
      { epoch: this.#journal.epoch, seq: this.#start },
    );
    while (this.#events.at(-1) !== expected.at(-1)) {
      this.readOn();
      await this.#reading;
    }
    assert.deepEqual(
      this.#events.filter((json) => json.includes('"seq":')),
      expected,
    );
    this.#checkDeltas();
  }

  #checkDeltas(): void {
    let [seq, token] = [this.#start, -1];
    for (const event of parse(this.#events)) {
      if (event.seq === undefined)
        assert(
          event.afterSeq !== undefined && event.afterSeq >= seq,
          "a delta stands behind its fact",
        );
      seq = event.seq ?? seq;
      for (const [, found] of ("text" in event ? event.text : "").matchAll(/<(\d+)>/g)) {
        assert(Number(found) > token, "deltas come once and in order");
        token = Number(found);
      }
    }
  }
}
