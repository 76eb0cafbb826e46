import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Envelope } from "../../../src/client/index.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { connectTo, openBox, Wire } from "./box-door.ts";

function write(journal: Journal, count: number, message = "m"): void {
  for (let index = 0; index < count; index++)
    journal.append({ type: "notice", code: "note", message }, { source: "daemon" });
}

async function take(events: AsyncIterable<Envelope>, count: number): Promise<Envelope[]> {
  const taken: Envelope[] = [];
  for await (const event of events) if (taken.push(event) === count) break;
  return taken;
}

function inJournal(journal: Journal): string[] {
  const facts: string[] = [];
  for (let page = journal.read({ after: null, filter: { deltas: false }, limit: 10_000 }); ;) {
    facts.push(...page.events);
    if (page.atEnd) return facts;
    page = journal.read({ after: page.cursor, filter: { deltas: false }, limit: 10_000 });
  }
}

test(
  "facts seen over 200 lines cut at random moments equal the journal, byte for byte",
  { timeout: 60_000 },
  async () => {
    const { journal, door } = await openBox();
    const wire = await Wire.to(door);
    const box = await connectTo(wire.url);
    const seen: string[] = [];
    const total = 20_000;
    const reading = (async () => {
      for await (const event of box.events({ after: { epoch: journal.epoch, seq: 0 } })) {
        if (event.seq !== undefined && seen.push(JSON.stringify(event)) === total) return;
      }
    })();
    for (let cuts = 0; cuts < 200; cuts++) {
      write(journal, total / 200, `part ${cuts} ${"ü".repeat(Math.random() * 500)}`);
      await delay(Math.random() * 8);
      wire.cut();
    }
    await reading;
    expect(seen).toEqual(inJournal(journal));
  },
);

test("events go on where they began when the line breaks before anything came", async () => {
  const { journal, door } = await openBox();
  write(journal, 3);
  await journal.committed();
  const wire = await Wire.to(door);
  const box = await connectTo(wire.url);
  const events = box.events();
  const first = events.next();
  await expect.poll(() => journal.stats().followers).toBe(1);
  wire.cut();
  write(journal, 1);
  await journal.committed();
  expect((await first).value).toMatchObject({ seq: 4 });
  await events.return();
  await expect.poll(() => journal.stats().followers).toBe(0);
});

test("a gap is thrown as what is missing, or told to who asked for it", async () => {
  const { journal, door } = await openBox();
  write(journal, 2);
  await journal.committed();
  const box = await connectTo(door.url);
  const after = { epoch: "before", seq: 5 };
  await expect(take(box.events({ after }), 1)).rejects.toMatchObject({
    name: "GapError",
    gap: { reason: "epoch_changed" },
  });
  const gaps: string[] = [];
  const events = await take(box.events({ after, onGap: (gap) => gaps.push(gap.reason) }), 2);
  expect([gaps, events.map((event) => event.seq)]).toEqual([["epoch_changed"], [1, 2]]);
});

test("an aborted signal ends the iteration, also while it waits", async () => {
  const { journal, door } = await openBox();
  const box = await connectTo(door.url);
  const controller = new AbortController();
  const reading = take(box.events({ signal: controller.signal }), 1);
  await expect.poll(() => journal.stats().followers).toBe(1);
  controller.abort();
  expect(await reading).toEqual([]);
  await expect.poll(() => journal.stats().followers).toBe(0);
  expect(await take(box.events({ signal: controller.signal }), 1)).toEqual([]);
});

test(
  "a reader that stops reading holds little, does not stall other calls, and later misses nothing",
  { timeout: 30_000 },
  async () => {
    const { journal, door } = await openBox();
    const box = await connectTo(door.url);
    const events = box.events({ after: { epoch: journal.epoch, seq: 0 } });
    write(journal, 1);
    expect((await events.next()).value).toMatchObject({ seq: 1 });
    for (let round = 0; round < 20; round++) {
      write(journal, 200, "m".repeat(10_000));
      await journal.committed();
      await box.call("daemon_info");
    }
    // The feed is let go once its queue is full: nobody follows until the reader is back.
    await expect.poll(() => journal.stats().followers).toBe(0);
    const rest = await take(events, 4000);
    expect(rest.map((event) => event.seq)).toEqual(
      Array.from({ length: 4000 }, (_, index) => index + 2),
    );
  },
);

test("many readers on one line each get everything", async () => {
  const { journal, door } = await openBox();
  const box = await connectTo(door.url);
  const after = { epoch: journal.epoch, seq: 0 };
  const readers = Array.from({ length: 10 }, () => take(box.events({ after }), 100));
  write(journal, 100);
  for (const events of await Promise.all(readers))
    expect(events.at(-1)).toMatchObject({ seq: 100 });
});
