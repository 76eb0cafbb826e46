// What may go and what must stay.
import { expect, test } from "vitest";
import type { Journal } from "../../../src/journal/journal.ts";
import {
  appendMessages,
  makeDirectory,
  openJournal,
  parse,
  readAll,
  seqsOf,
} from "./open-journal.ts";

const HOUR_MS = 3_600_000;

/** One page of one fact for each run named. */
async function appendPages(
  journal: Journal,
  runIds: readonly string[],
  text = "x".repeat(1000),
): Promise<void> {
  for (const runId of runIds) {
    appendMessages(journal, 1, runId, text);
    await journal.committed();
  }
}

function pruneAll(journal: Journal): number {
  let facts = 0;
  for (let more = true; more;) {
    const step = journal.prune();
    facts += step.facts;
    more = step.more;
  }
  return facts;
}

const kept = (journal: Journal) => seqsOf(readAll(journal));

test("nothing goes while facts are young and few", async () => {
  const journal = openJournal();
  await appendPages(journal, ["a", "b", "c"]);
  expect(journal.prune()).toEqual({ facts: 0, bytes: 0, more: false });
  expect(journal.oldest.seq).toBe(0);
});

test("facts past the age go, the newest page always stays, and the places go on", async () => {
  const directory = makeDirectory();
  let time = Date.now();
  const options = { directory, now: () => time, retention: { maxAgeMs: HOUR_MS } };
  const journal = openJournal(options);
  await appendPages(journal, ["a", "b"]);
  time += HOUR_MS;
  await appendPages(journal, ["c"]);
  time += 1;
  expect(pruneAll(journal)).toBe(2);
  expect([kept(journal), journal.oldest.seq, journal.stats().facts]).toEqual([[3], 2, 1]);
  time += 10 * HOUR_MS;
  expect(pruneAll(journal)).toBe(0);
  journal.close();
  const again = openJournal(options);
  expect([again.oldest.seq, again.head.seq, again.stats()]).toEqual([
    2,
    3,
    expect.objectContaining({ facts: 1 }),
  ]);
});

test("the oldest facts beyond the size go, and what is kept is counted right across a restart", async () => {
  const directory = makeDirectory();
  const retention = { maxBytes: 5000 };
  const journal = openJournal({ directory, retention });
  await appendPages(
    journal,
    Array.from({ length: 20 }, () => "a"),
  );
  pruneAll(journal);
  const bytes = readAll(journal).reduce((sum, json) => sum + json.length, 0);
  expect(bytes).toBeLessThanOrEqual(5000 + 1200);
  expect([kept(journal)[0], kept(journal).at(-1)]).toEqual([journal.oldest.seq + 1, 20]);
  expect(journal.stats().bytes).toBe(bytes);
  journal.close();
  expect(openJournal({ directory, retention }).stats().bytes).toBe(bytes);
});

test("the journal prunes by itself as it grows, in bounded steps", async () => {
  const journal = openJournal({ retention: { maxBytes: 4 * 1024 * 1024 } });
  for (let n = 0; n < 48; n++) {
    appendMessages(journal, 16, "a", "x".repeat(64 * 1024));
    await journal.committed();
  }
  expect(journal.stats().bytes).toBeLessThan(30 * 1024 * 1024);
  expect(journal.oldest.seq).toBeGreaterThan(0);
});

test("facts that a registered subscriber has not acknowledged stay, also after a restart; then they go", async () => {
  const directory = makeDirectory();
  const options = { directory, retention: { maxBytes: 1 } };
  const journal = openJournal(options);
  await appendPages(journal, ["a", "a"]);
  journal.register("slow");
  journal.register("fast");
  await appendPages(journal, ["a", "a", "a"]);
  const { epoch } = journal;
  expect(journal.acknowledge("fast", { epoch, seq: 5 })).toEqual({ epoch, seq: 5 });
  expect(journal.acknowledge("slow", { epoch, seq: 3 })).toEqual({ epoch, seq: 3 });
  pruneAll(journal);
  expect(kept(journal)).toEqual([4, 5]);
  await journal.committed();
  journal.close();
  const again = openJournal(options);
  await appendPages(again, ["a"]);
  pruneAll(again);
  expect(kept(again)).toEqual([4, 5, 6]);
  expect([again.forget("slow"), again.forget("slow")]).toEqual([true, false]);
  pruneAll(again);
  expect(kept(again)).toEqual([6]);
  await again.committed();
  again.close();
  expect(openJournal(options).stats().subscribers).toBe(1);
});

test("an acknowledgement never goes back, never past the head, and one of another epoch says nothing", async () => {
  const journal = openJournal();
  await appendPages(journal, ["a", "a", "a"]);
  const { epoch } = journal;
  const acknowledge = (seq: number, of = epoch) =>
    journal.acknowledge("host", { epoch: of, seq }).seq;
  expect([
    acknowledge(3, "other"),
    acknowledge(2),
    acknowledge(1),
    acknowledge(3, "other"),
    acknowledge(99),
  ]).toEqual([0, 2, 2, 2, 3]);
});

test("registering again leaves the acknowledgement as it stands, and a new subscriber may start behind the head", async () => {
  const journal = openJournal({ retention: { maxBytes: 1 } });
  await appendPages(journal, ["a", "a", "a"]);
  journal.register("host", { epoch: journal.epoch, seq: 1 });
  journal.register("host");
  pruneAll(journal);
  expect(kept(journal)).toEqual([2, 3]);
});

test("no fact of a live run goes, nor any behind it, until the run is released", async () => {
  const directory = makeDirectory();
  const options = { directory, retention: { maxBytes: 1 } };
  const journal = openJournal(options);
  await appendPages(journal, ["old"]);
  journal.holdRun("live");
  await appendPages(journal, ["live", "other", "live", "other"]);
  pruneAll(journal);
  expect(kept(journal)).toEqual([2, 3, 4, 5]);
  journal.close();
  const again = openJournal(options);
  again.holdRun("live");
  pruneAll(again);
  expect(kept(again)).toEqual([2, 3, 4, 5]);
  again.releaseRun("live");
  pruneAll(again);
  expect(kept(again)).toEqual([5]);
});

test("a subscriber that holds more than the ceiling is dropped with a notice, the oldest first, and only as many as needed", async () => {
  const journal = openJournal({ retention: { maxBytes: 1, maxHeldBytes: 10_500 } });
  journal.register("dead");
  await appendPages(journal, ["a", "a", "a"]);
  journal.register("slow");
  await appendPages(journal, ["a", "a", "a", "a", "a", "a"]);
  expect(pruneAll(journal)).toBe(0);
  await appendPages(journal, ["a", "a"]);
  expect(pruneAll(journal)).toBe(3);
  await journal.committed();
  expect(journal.problems.map((problem) => problem.code)).toEqual(["subscriber_dropped"]);
  expect(parse(readAll(journal)).at(-1)).toMatchObject({
    type: "notice",
    code: "subscriber_dropped",
    data: { subscriber: "dead", acknowledgedSeq: 0 },
  });
  expect(journal.stats().subscribers).toBe(1);
});

test("a live run may hold more than the ceiling: its facts stay, and the owner is told once", async () => {
  const journal = openJournal({ retention: { maxBytes: 1, maxHeldBytes: 3000 } });
  journal.holdRun("live");
  await appendPages(journal, ["live", "live", "live", "live"]);
  expect([pruneAll(journal), pruneAll(journal)]).toEqual([0, 0]);
  expect(journal.problems.map((problem) => problem.code)).toEqual(["held_by_runs"]);
});

test("what was removed leaves the index of runs and processes too", async () => {
  const journal = openJournal({ retention: { maxBytes: 1 } });
  for (let n = 0; n < 3; n++) {
    journal.append({ type: "turn" }, { source: "tool", runId: "r", processId: "p" });
    await journal.committed();
  }
  pruneAll(journal);
  for (const table of ["page_runs", "page_processes", "pages"]) {
    expect(journal.database.prepare(`SELECT first_seq FROM ${table}`).all()).toEqual([
      { first_seq: 3 },
    ]);
  }
  expect(seqsOf(readAll(journal, { deltas: true, runId: "r" }))).toEqual([3]);
});

test("subscribers have a limit, and the refusal says what to do", () => {
  const journal = openJournal();
  for (let n = 0; n < 1000; n++) journal.register(`host-${n}`);
  expect(() => journal.register("one more")).toThrow(/Forget one/);
});
