// Writing and reading: what a fact looks like, when it is there, and what a read brings.
import { expect, test } from "vitest";
import { EventBody } from "../../../src/wire/events.ts";
import { MAX_FACT_BYTES } from "../../../src/journal/entry.ts";
import {
  appendMessages,
  everything,
  makeDirectory,
  openJournal,
  parse,
  range,
  readAll,
  seqsOf,
} from "./open-journal.ts";

test("a fact is stored as its envelope in the promised order of keys, the event's type before its other fields", async () => {
  const journal = openJournal({ now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
  journal.append(
    { text: "hi", messageId: "m", type: "message" },
    { source: "harness", runId: "r", processId: "p" },
  );
  journal.append({ type: "turn" }, { source: "daemon" });
  await journal.committed();
  expect(readAll(journal)).toEqual([
    `{"epoch":"${journal.epoch}","seq":1,"time":"2026-01-02T03:04:05.006Z","runId":"r","processId":"p","source":"harness","type":"message","text":"hi","messageId":"m"}`,
    `{"epoch":"${journal.epoch}","seq":2,"time":"2026-01-02T03:04:05.006Z","source":"daemon","type":"turn"}`,
  ]);
});

test("what is read back is what was appended, whatever characters it holds", async () => {
  const journal = openJournal();
  const data = {
    text: 'a\nb\r\u2028\0"\\ ż 漢 😀',
    lone: "\ud83d",
    nested: [null, 1.5, { "": true }],
  };
  journal.append({ type: "unmapped", data }, { source: "harness", runId: 'run "x"\n' });
  await journal.committed();
  const [event] = parse(readAll(journal, { deltas: true, runId: 'run "x"\n' }));
  expect(event).toMatchObject({ runId: 'run "x"\n', type: "unmapped", data });
  expect(EventBody.safeParse(event).success).toBe(true);
});

test("append answers with dense places at once, and nobody sees a fact before it is committed", async () => {
  const journal = openJournal();
  const seqs = range(1, 3).map(() => journal.append({ type: "turn" }, { source: "harness" }));
  expect(seqs).toEqual([1, 2, 3]);
  expect(journal.head.seq).toBe(0);
  expect(readAll(journal)).toEqual([]);
  await journal.committed();
  expect(journal.head.seq).toBe(3);
  expect(seqsOf(readAll(journal))).toEqual([1, 2, 3]);
});

test("facts of one turn of the event loop are one commit", async () => {
  const journal = openJournal();
  appendMessages(journal, 500);
  await journal.committed();
  appendMessages(journal, 500);
  await journal.committed();
  expect(journal.stats()).toMatchObject({ facts: 1000, groups: 2, pending: 0, pendingBytes: 0 });
});

test("a delta is not stored, and answers with the fact that it stands after", async () => {
  const journal = openJournal();
  journal.append({ type: "turn" }, { source: "harness" });
  expect(
    journal.append({ type: "message.delta", messageId: "m", text: "x" }, { source: "harness" }),
  ).toBe(1);
  await journal.committed();
  expect(seqsOf(readAll(journal))).toEqual([1]);
});

test("a journal opened again goes on where it stood: same epoch, same bytes, the next place", async () => {
  const directory = makeDirectory();
  const first = openJournal({ directory });
  appendMessages(first, 2000);
  await first.committed();
  const before = readAll(first);
  first.close();
  const second = openJournal({ directory });
  expect(second.opening).toEqual({ kind: "opened" });
  expect(second.epoch).toBe(first.epoch);
  expect(readAll(second)).toEqual(before);
  expect(second.append({ type: "turn" }, { source: "harness" })).toBe(2001);
});

test("close writes what was appended in the same breath", () => {
  const directory = makeDirectory();
  const first = openJournal({ directory });
  appendMessages(first, 10);
  first.close();
  expect(openJournal({ directory }).head.seq).toBe(10);
  expect(first.problems).toEqual([]);
});

test("a closed journal refuses by code", () => {
  const journal = openJournal();
  journal.close();
  expect(() => appendMessages(journal, 1)).toThrow(
    expect.objectContaining({ code: "shutting_down" }),
  );
});

test("a table write alongside a fact is committed with it", async () => {
  const journal = openJournal();
  const seq = journal.append({ type: "turn" }, { source: "daemon" }, (db) =>
    db.exec("INSERT INTO meta VALUES ('beside', 'it')"),
  );
  const read = () => journal.database.prepare("SELECT value FROM meta WHERE key = 'beside'").all();
  expect(read()).toEqual([]);
  await journal.committed();
  expect([seq, read(), journal.head.seq]).toEqual([1, [{ value: "it" }], 1]);
  journal.alongside((db) => db.exec("DELETE FROM meta WHERE key = 'beside'"));
  await journal.committed();
  expect([read(), journal.head.seq]).toEqual([[], 1]);
});

test("a table write that throws is undone and reported, and takes neither facts nor other writes with it", async () => {
  const journal = openJournal();
  const write = (key: string) => `INSERT INTO meta VALUES ('${key}', '')`;
  journal.append({ type: "turn" }, { source: "daemon" }, (db) => db.exec(write("x-a")));
  journal.append({ type: "turn" }, { source: "daemon" }, (db) =>
    db.exec(`${write("x-b")}; ${write("x-a")}`),
  );
  journal.append({ type: "turn" }, { source: "daemon" }, (db) => db.exec(write("x-c")));
  journal.alongside(() => {
    journal.append({ type: "turn" }, { source: "daemon" });
  });
  await journal.committed();
  expect(journal.database.prepare("SELECT key FROM meta WHERE key LIKE 'x-%'").all()).toEqual([
    { key: "x-a" },
    { key: "x-c" },
  ]);
  expect(seqsOf(readAll(journal))).toEqual([1, 2, 3]);
  expect(journal.problems.map((problem) => problem.code)).toEqual([
    "alongside_failed",
    "alongside_failed",
  ]);
});

test("a read stops at its limits, brings at least one fact, and says where to go on", async () => {
  const journal = openJournal();
  appendMessages(journal, 10, "run-1", "x".repeat(1000));
  await journal.committed();
  const few = journal.read({ after: null, filter: everything, limit: 3 });
  expect([seqsOf(few.events), few.cursor.seq, few.atEnd]).toEqual([[1, 2, 3], 3, false]);
  const small = journal.read({ after: few.cursor, filter: everything, limit: 100, maxBytes: 2500 });
  expect([seqsOf(small.events), small.atEnd]).toEqual([[4, 5], false]);
  const tiny = journal.read({ after: small.cursor, filter: everything, limit: 100, maxBytes: 1 });
  expect(seqsOf(tiny.events)).toEqual([6]);
  const rest = journal.read({ after: tiny.cursor, filter: everything, limit: 100 });
  expect([seqsOf(rest.events), rest.atEnd, rest.cursor]).toEqual([
    [7, 8, 9, 10],
    true,
    journal.head,
  ]);
});

test("filters by run, process, type and prefix of a type, alone and together", async () => {
  const journal = openJournal();
  const about = [
    { runId: "a" },
    { runId: "b" },
    { runId: "a", processId: "p" },
    { processId: "p" },
    {},
  ];
  for (let round = 0; round < 400; round++) {
    for (const ids of about) journal.append({ type: "turn" }, { source: "harness", ...ids });
    if (round % 3 === 0) await journal.committed();
    journal.append(
      { type: "message", messageId: "m", text: "x".repeat(300) },
      { source: "harness", runId: "b" },
    );
    journal.append(
      { type: "message.retracted", messageId: "m", reason: "r" },
      { source: "harness", runId: "b" },
    );
  }
  await journal.committed();
  const count = (filter: object) => readAll(journal, { deltas: true, ...filter }).length;
  expect(count({})).toBe(2800);
  expect(count({ runId: "a" })).toBe(800);
  expect(count({ runId: "b" })).toBe(1200);
  expect(count({ processId: "p" })).toBe(800);
  expect(count({ runId: "a", processId: "p" })).toBe(400);
  expect(count({ runId: "nobody" })).toBe(0);
  expect(count({ types: ["message"] })).toBe(400);
  expect(count({ types: ["message.*"] })).toBe(400);
  expect(count({ types: ["message*"] })).toBe(800);
  expect(count({ types: ["message.*", "turn"], runId: "b" })).toBe(800);
  expect(count({ types: ["*"] })).toBe(2800);
});

test("a read for something rare gives up in bounded time and goes on from its cursor", async () => {
  const journal = openJournal();
  appendMessages(journal, 12, "run-1", "x".repeat(1024 * 1024));
  journal.append({ type: "turn" }, { source: "harness" });
  await journal.committed();
  const filter = { deltas: true, types: ["turn"] };
  const first = journal.read({ after: null, filter, limit: 10 });
  expect([first.events.length, first.atEnd]).toEqual([0, false]);
  expect(first.cursor.seq).toBeGreaterThan(0);
  expect(seqsOf(readAll(journal, filter))).toEqual([13]);
});

test("secrets are taken out before anyone sees the event, and a redactor's newline does not tear the page", async () => {
  const journal = openJournal({ redact: (json) => json.replaceAll("hunter2", "[\nx]") });
  appendMessages(journal, 2, "run-1", "the word is hunter2");
  await journal.committed();
  const events = readAll(journal);
  expect(seqsOf(events)).toEqual([1, 2]);
  expect(events.join("")).toContain("the word is [ x]");
  expect(events.join("")).not.toContain("hunter2");
});

test("a fact past the limit is kept with its long parts cut, and a notice behind it says so", async () => {
  const journal = openJournal();
  const input = {
    path: "a",
    content: "x".repeat(MAX_FACT_BYTES),
    words: Array.from({ length: 1_000_000 }, (_, n) => `word ${n}`),
  };
  const about = { source: "harness", runId: "r" } as const;
  expect(
    journal.append(
      { type: "tool.started", toolCallId: "t1", name: "Write", kind: "write", input },
      about,
    ),
  ).toBe(1);
  await journal.committed();
  const [fact, notice] = parse(readAll(journal));
  expect(fact).toMatchObject({
    seq: 1,
    type: "tool.started",
    toolCallId: "t1",
    input: { path: "a" },
  });
  expect(JSON.stringify(fact).length).toBeLessThan(MAX_FACT_BYTES);
  expect(JSON.stringify(fact)).toMatch(/xxx… \[\d+ more characters are not kept\]/);
  expect(notice).toMatchObject({
    seq: 2,
    type: "notice",
    code: "fact_shortened",
    runId: "r",
    data: { seq: 1, type: "tool.started" },
  });
});

test("what begins something is refused while there is still room for what ends it", async () => {
  const journal = openJournal({ maxPendingBytes: 10_000 });
  journal.assertRoomForMore();
  appendMessages(journal, 1, "r", "x".repeat(6000));
  expect(() => journal.assertRoomForMore()).toThrow(
    expect.objectContaining({ code: "too_much_pending" }),
  );
  expect(journal.append({ type: "turn" }, { source: "harness" })).toBe(2);
  await journal.committed();
  journal.assertRoomForMore();
});

test("cursors of another epoch, from ahead, and of removed facts are each answered with an explicit gap", async () => {
  const journal = openJournal({ retention: { maxBytes: 1 } });
  for (let n = 0; n < 5; n++) {
    appendMessages(journal, 2);
    await journal.committed();
  }
  journal.prune();
  const { epoch } = journal;
  const gapAfter = (after: { epoch: string; seq: number }) => {
    const answer = journal.read({ after, filter: everything, limit: 100 });
    return [answer.gap, seqsOf(answer.events)];
  };
  const nothing = { missingFrom: null, missingTo: null };
  expect(journal.oldest).toEqual({ epoch, seq: 8 });
  expect(gapAfter({ epoch, seq: 8 })).toEqual([null, [9, 10]]);
  expect(gapAfter({ epoch, seq: 3 })).toEqual([
    { reason: "expired", missingFrom: 4, missingTo: 8, resumeAt: journal.oldest },
    [9, 10],
  ]);
  expect(gapAfter({ epoch: "other", seq: 9 })).toEqual([
    { reason: "epoch_changed", ...nothing, resumeAt: journal.oldest },
    [9, 10],
  ]);
  expect(gapAfter({ epoch, seq: 11 })).toEqual([
    { reason: "ahead", ...nothing, resumeAt: journal.head },
    [],
  ]);
});
