// Following: replay and then live, filters, merged deltas, slow readers, gaps.
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { EventFilter } from "../../../src/wire/event-filter.ts";
import type { Batch, Journal } from "../../../src/journal/journal.ts";
import {
  appendMessages,
  collect,
  everything,
  openJournal,
  parse,
  range,
  readAll,
  seqsOf,
} from "./open-journal.ts";

const never = new AbortController().signal;

function follow(
  journal: Journal,
  after: number | null,
  filter: Partial<EventFilter> = {},
  signal = never,
) {
  const cursor = after === null ? null : { epoch: journal.epoch, seq: after };
  return journal.follow({ after: cursor, filter: { ...everything, ...filter }, signal });
}

function appendDelta(journal: Journal, text: string, messageId = "m", runId = "run-1"): void {
  journal.append({ type: "message.delta", messageId, text }, { source: "harness", runId });
}

test("a follower from the beginning gets what is stored and then what comes, byte for byte, with no hole and no repeat", async () => {
  const journal = openJournal();
  appendMessages(journal, 1000);
  await journal.committed();
  appendMessages(journal, 500);
  const { batches, cursor, gap } = follow(journal, 0);
  expect([cursor.seq, gap]).toEqual([0, null]);
  const reading = collect(batches, 2500);
  appendMessages(journal, 500);
  await journal.committed();
  appendMessages(journal, 500);
  expect(await reading).toEqual(readAll(journal));
});

test("a follower without a cursor starts at the head, and gets what was appended but not yet committed", async () => {
  const journal = openJournal();
  appendMessages(journal, 3);
  await journal.committed();
  appendMessages(journal, 1);
  const { batches, cursor } = follow(journal, null);
  expect(cursor).toEqual({ epoch: journal.epoch, seq: 3 });
  expect(seqsOf(await collect(batches, 1))).toEqual([4]);
});

test("a follower may start after a fact that is not yet committed", async () => {
  const journal = openJournal();
  appendMessages(journal, 3);
  const { batches, gap } = follow(journal, 2);
  expect(gap).toBe(null);
  expect(seqsOf(await collect(batches, 1))).toEqual([3]);
});

test("all have been told of the last facts once the journal says that they caught up, and one that reads nothing is not waited for", async () => {
  const journal = openJournal();
  const told: string[] = [];
  const { batches } = follow(journal, 0);
  void (async () => {
    for await (const batch of batches) if (batch.kind === "events") told.push(...batch.events);
  })();
  follow(journal, 0);
  for (let count = 1; count <= 20; count++) {
    appendMessages(journal, 1);
    await journal.committed();
    await journal.caughtUp(20);
    expect(told.length).toBe(count);
  }
});

test("each batch says where to follow on from", async () => {
  const journal = openJournal();
  appendMessages(journal, 100);
  await journal.committed();
  const seen: string[] = [];
  for (let after = 0; after < 100;) {
    const following = journal.follow({
      after: { epoch: journal.epoch, seq: after },
      filter: everything,
      signal: never,
      maxBatchEvents: 7,
    });
    for await (const batch of following.batches) {
      if (batch.kind === "gap") throw new Error("a gap");
      seen.push(...batch.events);
      after = batch.cursor.seq;
      break;
    }
  }
  expect(seen).toEqual(readAll(journal));
});

test("deltas keep their place among the facts, and those that follow one another are merged", async () => {
  const journal = openJournal();
  const { batches } = follow(journal, null);
  journal.append({ type: "turn" }, { source: "harness", runId: "run-1" });
  for (const text of ["He", 'l"', "\ud83d", "\ude00\n"]) appendDelta(journal, text);
  appendDelta(journal, "other", "m2");
  journal.append(
    { type: "reasoning.delta", messageId: "m2", text: "why" },
    { source: "harness", runId: "run-1" },
  );
  appendDelta(journal, "back", "m2");
  journal.append(
    { type: "message", messageId: "m", text: "x" },
    { source: "harness", runId: "run-1" },
  );
  appendDelta(journal, "after", "m2");
  const events = parse(await collect(batches, 7));
  expect(
    events.map((event) => [
      event.type,
      event.seq ?? null,
      event.afterSeq ?? null,
      "text" in event ? event.text : null,
    ]),
  ).toEqual([
    ["turn", 1, null, null],
    ["message.delta", null, 1, 'Hel"😀\n'],
    ["message.delta", null, 1, "other"],
    ["reasoning.delta", null, 1, "why"],
    ["message.delta", null, 1, "back"],
    ["message", 2, null, "x"],
    ["message.delta", null, 2, "after"],
  ]);
  expect(Object.keys(events[1] ?? {})).toEqual([
    "epoch",
    "afterSeq",
    "time",
    "runId",
    "source",
    "type",
    "messageId",
    "text",
  ]);
});

test("output of two streams, of two tool calls and of two runs is never merged into one", async () => {
  const journal = openJournal();
  const { batches } = follow(journal, null);
  for (const [toolCallId, stream, runId] of [
    ["a", "stdout", "1"],
    ["a", "stderr", "1"],
    ["b", "stderr", "1"],
    ["b", "stderr", "2"],
  ] as const) {
    journal.append(
      { type: "tool.output", toolCallId, stream, text: "x" },
      { source: "tool", runId },
    );
    journal.append(
      { type: "tool.output", toolCallId, stream, text: "y" },
      { source: "tool", runId },
    );
  }
  expect(parse(await collect(batches, 4)).map((event) => "text" in event && event.text)).toEqual([
    "xy",
    "xy",
    "xy",
    "xy",
  ]);
});

test("deltas from before the follower came are not replayed", async () => {
  const journal = openJournal();
  const stop = new AbortController();
  follow(journal, null, {}, stop.signal);
  appendDelta(journal, "early");
  await nextTurn();
  const { batches } = follow(journal, 0);
  appendDelta(journal, "live");
  expect(parse(await collect(batches, 1))).toMatchObject([{ type: "message.delta", text: "live" }]);
});

test("deltas that came between following and the first look are there", async () => {
  const journal = openJournal();
  const { batches } = follow(journal, null);
  appendDelta(journal, "waiting");
  await nextTurn();
  expect(parse(await collect(batches, 1))).toMatchObject([
    { type: "message.delta", text: "waiting" },
  ]);
});

test("a follower gets only what its filter asks for", async () => {
  const journal = openJournal();
  const mine = follow(journal, null, { runId: "a", deltas: false });
  const typed = follow(journal, null, { types: ["message.*", "run.*"] });
  for (const runId of ["a", "b"]) {
    appendDelta(journal, "d", "m", runId);
    appendMessages(journal, 2, runId);
    journal.append(
      { type: "message.retracted", messageId: "m", reason: "r" },
      { source: "harness", runId },
    );
  }
  expect(seqsOf(await collect(mine.batches, 3))).toEqual([1, 2, 3]);
  expect(parse(await collect(typed.batches, 4)).map((event) => [event.type, event.runId])).toEqual([
    ["message.delta", "a"],
    ["message.retracted", "a"],
    ["message.delta", "b"],
    ["message.retracted", "b"],
  ]);
});

test("a batch keeps to its limits, but a single larger event passes", async () => {
  const journal = openJournal();
  appendMessages(journal, 10, "run-1", "x".repeat(1000));
  const limits = { filter: everything, signal: never, after: null };
  const byCount = journal.follow({ ...limits, maxBatchEvents: 3 });
  const byBytes = journal.follow({ ...limits, maxBatchBytes: 2500 });
  const tiny = journal.follow({ ...limits, maxBatchBytes: 1 });
  const sizeOfNext = async ({ batches }: typeof tiny) =>
    ((await batches.next()).value as Extract<Batch, { kind: "events" }>).events.length;
  expect([await sizeOfNext(byCount), await sizeOfNext(byBytes), await sizeOfNext(tiny)]).toEqual([
    3, 2, 1,
  ]);
});

test("an aborted signal ends the batches, whether they wait or not, and the follower is counted no longer", async () => {
  const journal = openJournal();
  const stop = new AbortController();
  const waiting = follow(journal, null, {}, stop.signal);
  const neverStarted = follow(journal, null, {}, stop.signal);
  const next = waiting.batches.next();
  expect(journal.stats().followers).toBe(2);
  stop.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await neverStarted.batches.next()).toEqual({ done: true, value: undefined });
  expect((await follow(journal, 0, {}, stop.signal).batches.next()).done).toBe(true);
  expect(journal.stats().followers).toBe(0);
});

test("a signal that aborts while a batch is being dealt with ends the batches too", async () => {
  const journal = openJournal();
  const stop = new AbortController();
  const { batches } = follow(journal, null, {}, stop.signal);
  appendMessages(journal, 1);
  for await (const batch of batches) {
    expect(batch.kind).toBe("events");
    stop.abort();
    await nextTurn();
  }
  expect(journal.stats().followers).toBe(0);
});

test("closing the journal gives followers what was committed, then ends them", async () => {
  const journal = openJournal();
  const { batches } = follow(journal, null);
  const idle = follow(journal, null, { runId: "nobody" }).batches.next();
  appendMessages(journal, 5);
  journal.close();
  expect(seqsOf(await collect(batches, 5))).toEqual([1, 2, 3, 4, 5]);
  expect((await batches.next()).done).toBe(true);
  expect((await idle).done).toBe(true);
});

test("a follower that reads nothing for a long time costs no memory, and then gets every fact", async () => {
  const journal = openJournal({ ringBytes: 256 * 1024 });
  const { batches } = follow(journal, 0);
  appendMessages(journal, 1);
  const [first] = await collect(batches, 1);
  for (let turn = 0; turn < 40; turn++) {
    appendMessages(journal, 500, "run-1", "x".repeat(500));
    appendDelta(journal, "d".repeat(1000));
    await nextTurn();
  }
  await journal.committed();
  expect(journal.stats().ringBytes).toBeLessThanOrEqual(256 * 1024);
  const expected = readAll(journal);
  const events = await collect(batches, expected.length - 1);
  expect([first, ...events.filter((json) => json.includes('"seq":'))]).toEqual(expected);
});

test("facts removed while a slow follower still needed them are a gap among its batches, and it goes on behind", async () => {
  const journal = openJournal({ ringBytes: 1, retention: { maxBytes: 1 } });
  const { batches } = follow(journal, 0);
  for (let n = 0; n < 5; n++) {
    appendMessages(journal, 2);
    await journal.committed();
  }
  journal.prune();
  const gap = { reason: "expired", missingFrom: 1, missingTo: 8, resumeAt: journal.oldest };
  expect((await batches.next()).value).toEqual({ kind: "gap", gap });
  expect(seqsOf(await collect(batches, 2))).toEqual([9, 10]);
});

test("many followers that come and go under load each get every fact from where they came, once and in order", async () => {
  const journal = openJournal({ ringBytes: 64 * 1024 });
  const total = 10_000;
  const readers: Promise<void>[] = [];
  const read = async (after: number | null) => {
    const { batches, cursor } = follow(journal, after);
    const seqs = seqsOf(await collect(batches, total - cursor.seq));
    expect(seqs).toEqual(range(cursor.seq + 1, total));
  };
  for (let written = 0; written < total; written += 100) {
    appendMessages(journal, 100);
    if (written % 1000 === 500)
      readers.push(read(Math.floor(written / 2)), read(null), read(journal.head.seq));
    if (written % 300 === 0) await nextTurn();
  }
  await Promise.all(readers);
});

test("deltas that are merged keep the offset of the first", async () => {
  const journal = openJournal();
  const { batches } = follow(journal, 0);
  const reading = collect(batches, 2);
  const about = { source: "harness", runId: "run-1" } as const;
  for (const [offset, text] of [
    [7, "a"],
    [8, "b"],
    [9, "c"],
  ] as const)
    journal.append({ type: "message.delta", messageId: "m", offset, text }, about);
  appendMessages(journal, 1);
  const [delta] = parse(await reading);
  expect(delta).toMatchObject({ type: "message.delta", offset: 7, text: "abc" });
});
