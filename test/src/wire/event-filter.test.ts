import { expect, test } from "vitest";
import { methods } from "../../../src/wire/methods.ts";
import { Bare, openDoor } from "../doors/socket/small-door.ts";
import { openJournal, tableWith } from "../doors/socket/journal-door.ts";

test.each(["events_subscribe", "events_read"])(
  "%s refuses a filter with an event type that there is not, and names the nearest",
  async (method) => {
    const host = await Bare.open((await openDoor({ methods: tableWith(openJournal()) })).url);
    const { error } = await host.call(method, { filter: { types: ["run.*", "run.end"] } });
    expect(error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('no event type "run.end"; did you mean run.ended?'),
      data: { code: "invalid_input", issues: [{ path: ["filter", "types", 1] }] },
    });
  },
);

test.each([
  [["run.*", "message.delta"], true],
  [["*"], true],
  [["runs.*"], false],
  [["message*"], true],
  [["Run.ended"], false],
])("the types %j are taken: %s", (types, isTaken) => {
  expect(methods.events_read.params.safeParse({ filter: { types } }).success).toBe(isTaken);
});
