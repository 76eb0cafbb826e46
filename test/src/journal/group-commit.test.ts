// A disk that refuses writes: nothing is lost, nothing is shown, and it goes on when there is room again.
import { expect, test } from "vitest";
import {
  appendMessages,
  collect,
  everything,
  makeDirectory,
  openJournal,
  range,
  readAll,
  seqsOf,
} from "./open-journal.ts";

type TestJournal = ReturnType<typeof openJournal>;

/** SQLite then answers as it does on a full disk. */
function fillDisk({ database }: TestJournal): void {
  database.exec(
    `PRAGMA max_page_count = ${Number(database.prepare("PRAGMA page_count").get()?.["page_count"])}`,
  );
}

function makeRoom({ database }: TestJournal): void {
  database.exec("PRAGMA max_page_count = 1000000");
}

function codesOf({ problems }: TestJournal): string[] {
  return problems.map((problem) => problem.code);
}

/** Resolves when the journal has met its full disk. */
async function untilRefused(journal: TestJournal): Promise<void> {
  await expect.poll(() => codesOf(journal), { interval: 1 }).toContain("commit_failed");
}

test("facts that a full disk refuses are kept, shown to nobody, and there when it has room again", async () => {
  const journal = openJournal();
  appendMessages(journal, 10);
  await journal.committed();
  fillDisk(journal);
  const { batches } = journal.follow({
    after: null,
    filter: everything,
    signal: new AbortController().signal,
  });
  const reading = collect(batches, 600);
  appendMessages(journal, 300, "run-1", "x".repeat(1000));
  let isDurable = false;
  const durable = journal.committed().then(() => (isDurable = true));
  await untilRefused(journal);
  appendMessages(journal, 300);
  expect([journal.head.seq, isDurable, readAll(journal).length, journal.stats().pending]).toEqual([
    10,
    false,
    10,
    600,
  ]);
  expect(journal.problems[0]?.error).toMatchObject({ errcode: 13 });
  makeRoom(journal);
  await durable;
  expect(seqsOf(await reading)).toEqual(range(11, 610));
  expect(readAll(journal).length).toBe(610);
  expect(codesOf(journal)).toEqual(["commit_failed", "commit_recovered"]);
  expect(journal.append({ type: "turn" }, { source: "daemon" })).toBe(611);
});

test("a table write beside a refused fact is done once it is written, and once in effect", async () => {
  const journal = openJournal();
  journal.alongside((db) => db.exec("INSERT INTO meta VALUES ('count', '0')"));
  await journal.committed();
  fillDisk(journal);
  journal.append(
    { type: "message", messageId: "m", text: "x".repeat(100_000) },
    { source: "harness" },
    (db) => {
      db.exec("UPDATE meta SET value = value + 1 WHERE key = 'count'");
    },
  );
  await untilRefused(journal);
  makeRoom(journal);
  await journal.committed();
  expect(journal.database.prepare("SELECT value FROM meta WHERE key = 'count'").get()).toEqual({
    value: "1",
  });
});

test("a table write that itself meets the full disk is tried again with its group, not left out", async () => {
  const journal = openJournal();
  fillDisk(journal);
  journal.alongside((db) =>
    db.prepare("INSERT INTO meta VALUES ('large', ?)").run("x".repeat(100_000)),
  );
  await untilRefused(journal);
  makeRoom(journal);
  await journal.committed();
  expect(
    journal.database.prepare("SELECT length(value) AS n FROM meta WHERE key = 'large'").get(),
  ).toEqual({ n: 100_000 });
  expect(codesOf(journal)).toEqual(["commit_failed", "commit_recovered"]);
});

test("what waits for a full disk is bounded: then append refuses clearly, deltas are let go, and memory does not grow", async () => {
  const journal = openJournal({ maxPendingBytes: 200_000 });
  fillDisk(journal);
  journal.follow({ after: null, filter: everything, signal: new AbortController().signal });
  const text = "x".repeat(10_000);
  appendMessages(journal, 1, "run-1", text);
  await untilRefused(journal);
  expect(() => appendMessages(journal, 100, "run-1", text)).toThrow(
    expect.objectContaining({
      code: "too_much_pending",
      message: expect.stringContaining("Make room on the disk"),
    }),
  );
  const { pending, pendingBytes } = journal.stats();
  for (let n = 0; n < 100; n++)
    journal.append({ type: "message.delta", messageId: "m", text }, { source: "harness" });
  expect(journal.stats()).toMatchObject({ pending, pendingBytes });
  makeRoom(journal);
  await journal.committed();
  expect(seqsOf(readAll(journal))).toEqual(range(1, pending));
  expect(journal.append({ type: "turn" }, { source: "daemon" })).toBe(pending + 1);
});

test("closing while the disk refuses says how many facts were lost, and tells those who wait", async () => {
  const directory = makeDirectory();
  const journal = openJournal({ directory });
  fillDisk(journal);
  appendMessages(journal, 3, "run-1", "x".repeat(100_000));
  const durable = journal.committed();
  journal.close();
  await expect(durable).rejects.toMatchObject({ code: "shutting_down" });
  expect(journal.problems.at(-1)).toMatchObject({
    code: "facts_lost",
    message: expect.stringContaining("3 facts"),
  });
  expect(openJournal({ directory }).head.seq).toBe(0);
});

test("a burst within one turn is committed in bounded groups, without waiting for the turn to end", () => {
  const journal = openJournal();
  appendMessages(journal, 5000, "run-1", "x".repeat(1000));
  const { pendingBytes, groups } = journal.stats();
  expect(pendingBytes).toBeLessThan(1024 * 1024);
  expect(groups).toBeGreaterThanOrEqual(4);
});
