import { expect, test } from "vitest";
import { connectTo, openBox, Wire } from "./box-door.ts";

test("a run that is started while the line breaks is started once", async () => {
  const { door, runs } = await openBox();
  const wire = await Wire.to(door);
  const box = await connectTo(wire.url);
  for (let round = 1; round <= 30; round++) {
    const starting = box.run({ prompt: "go" });
    if (round % 2 === 0) setTimeout(() => wire.cut(), Math.random() * 3);
    else setImmediate(() => wire.cut());
    const { id } = await starting;
    expect(runs.size).toBe(round);
    expect(runs.has(id)).toBe(true);
  }
});

test("a run's events end with run.ended, and its result comes over broken lines", async () => {
  const { door, end, journal } = await openBox();
  const wire = await Wire.to(door);
  const box = await connectTo(wire.url);
  const run = await box.run({ prompt: "go", key: "mine" });
  expect((await box.run({ prompt: "go", key: "mine" })).replayed).toBe(true);
  const types: string[] = [];
  const following = (async () => {
    for await (const event of run) types.push(event.type);
  })();
  const result = run.result();
  wire.cut();
  journal.append(
    { type: "notice", code: "other", message: "of another run" },
    { source: "daemon", runId: "run_other" },
  );
  end(run.id);
  expect(await result).toMatchObject({ runId: run.id, state: "ended" });
  await following;
  expect(types).toEqual(["notice", "run.ended"]);
  const later = await box.attach(run.id);
  expect(await later.result()).toMatchObject({ outcome: "completed" });
});
