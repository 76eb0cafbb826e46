import { expect, test } from "vitest";
import type { Journal } from "../../../../src/journal/journal.ts";
import { WIRE_LIMITS } from "../../../../src/wire/limits.ts";
import { openJournal, tableWith } from "./journal-door.ts";
import { Bare, openDoor, type Heard } from "./small-door.ts";

function note(journal: Journal, message: string, runId?: string): number {
  return journal.append({ type: "notice", code: "note", message }, { source: "daemon", runId });
}

async function heard(host: Bare, count: number): Promise<Heard["params"]["events"]> {
  const events: Heard["params"]["events"] = [];
  while (events.length < count) events.push(...(await host.next()).params.events);
  return events;
}

test("a subscriber hears the facts since its cursor and then what comes live, in order, after the answer", async () => {
  const journal = openJournal();
  for (let index = 1; index <= 3; index++) note(journal, `before ${index}`);
  await journal.committed();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  const answer = await host.call("events_subscribe", { after: { epoch: journal.epoch, seq: 1 } });
  expect(answer.result).toMatchObject({ cursor: { seq: 1 }, gap: null });
  note(journal, "live");
  const events = await heard(host, 3);
  expect(events.map(({ seq, message }) => [seq, message])).toEqual([
    [2, "before 2"],
    [3, "before 3"],
    [4, "live"],
  ]);
});

test("facts go over the wire byte for byte as the journal holds them", async () => {
  const journal = openJournal();
  note(journal, 'quotes " and \u2028 and 😀');
  await journal.committed();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  const frames: string[] = [];
  host.socket.on("message", (data: Buffer) => frames.push(data.toString("utf8")));
  await host.call("events_subscribe", { after: { epoch: journal.epoch, seq: 0 } });
  await host.next();
  const [stored] = journal.read({ after: null, filter: { deltas: false }, limit: 1 }).events;
  expect(frames.at(-1)).toContain(`"events":[${stored}]`);
});

test("a cursor of another epoch is answered with the gap", async () => {
  const journal = openJournal();
  note(journal, "one");
  await journal.committed();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  const { result } = await host.call("events_subscribe", { after: { epoch: "another", seq: 9 } });
  expect(result["gap"]).toMatchObject({ reason: "epoch_changed" });
  expect((await heard(host, 1))[0]).toMatchObject({ seq: 1 });
});

test("an ended subscription says no more, and one connection holds only so many", async () => {
  const journal = openJournal();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  const { result } = await host.call("events_subscribe", {});
  expect(
    (await host.call("events_unsubscribe", { subscription: result["subscription"] })).result,
  ).toEqual({ removed: true });
  expect((await host.call("events_unsubscribe", { subscription: "sub_x" })).result).toEqual({
    removed: false,
  });
  note(journal, "unheard");
  await journal.committed();
  for (let count = 0; count < WIRE_LIMITS.subscriptions; count++)
    expect(await host.call("events_subscribe", {})).toHaveProperty("result");
  expect((await host.call("events_subscribe", {})).error.data["code"]).toBe("overloaded");
  expect(journal.stats().followers).toBe(WIRE_LIMITS.subscriptions);
  host.socket.terminate();
  await expect.poll(() => journal.stats().followers).toBe(0);
});

test("a page is read with its cursor; acknowledging and forgetting a subscriber is answered", async () => {
  const journal = openJournal();
  for (let index = 1; index <= 5; index++)
    note(journal, `${index}`, index % 2 === 0 ? "run_a" : "run_b");
  await journal.committed();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  const page = (await host.call("events_read", { filter: { runId: "run_b" }, limit: 2 })).result;
  expect(page).toMatchObject({ events: [{ seq: 1 }, { seq: 3 }] });
  const rest = (
    await host.call("events_read", { after: page["cursor"], filter: { runId: "run_b" } })
  ).result;
  expect(rest).toMatchObject({ events: [{ seq: 5 }], atEnd: true, gap: null });
  const cursor = { epoch: journal.epoch, seq: 3 };
  expect((await host.call("events_ack", { subscriber: "me", cursor })).result).toEqual({
    acknowledged: cursor,
  });
  expect((await host.call("events_forget", { subscriber: "me" })).result).toEqual({
    removed: true,
  });
});

test("what a subscriber has acknowledged is durable when it is answered, and so is its being forgotten", async () => {
  const journal = openJournal();
  for (let index = 1; index <= 5; index++) note(journal, `${index}`);
  await journal.committed();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  const onDisk = (): unknown =>
    journal.database
      .prepare("SELECT acknowledged_seq AS seq FROM subscribers WHERE name = 'me'")
      .get()?.["seq"];
  await host.call("events_subscribe", {
    subscriber: "me",
    after: { epoch: journal.epoch, seq: 1 },
    filter: { types: ["daemon.stopping"] },
  });
  expect(onDisk()).toBe(1);
  await host.call("events_ack", { subscriber: "me", cursor: { epoch: journal.epoch, seq: 4 } });
  expect(onDisk()).toBe(4);
  await host.call("events_forget", { subscriber: "me" });
  expect(onDisk()).toBeUndefined();
});

test("a journal that is closed is told as the daemon's shutting down", async () => {
  const journal = openJournal();
  const host = await Bare.open((await openDoor({ methods: tableWith(journal) })).url);
  journal.close();
  expect((await host.call("events_read", {})).error).toMatchObject({
    code: -32007,
    data: { code: "shutting_down" },
  });
});

test(
  "a host that reads nothing makes the daemon keep little, and gets every fact when it reads",
  { timeout: 30_000 },
  async () => {
    const journal = openJournal();
    const door = await openDoor({ methods: tableWith(journal) });
    const host = await Bare.open(door.url);
    await host.call("events_subscribe", { after: { epoch: journal.epoch, seq: 0 } });
    host.socket.pause();
    const message = "m".repeat(10_000);
    for (let index = 0; index < 5000; index++) {
      note(journal, message);
      if (index % 500 === 0) await journal.committed();
    }
    await journal.committed();
    const quick = await Bare.open(door.url);
    expect(await quick.call("echo")).toHaveProperty("result");
    host.socket.resume();
    const events = await heard(host, 5000);
    expect(events.map((each) => each.seq)).toEqual(
      Array.from({ length: 5000 }, (_, index) => index + 1),
    );
  },
);
