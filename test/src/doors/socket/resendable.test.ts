import { expect, test } from "vitest";
import { resendable } from "../../../../src/doors/socket/resendable.ts";
import { tools } from "../../../../tools/index.ts";
import type { Tool } from "../../../../tools/tool.ts";

test("every tool that only reads may be sent again, and none that writes or runs anything", () => {
  const said = resendable(tools);
  for (const { name, effect } of tools as readonly Tool[])
    expect([name, said[name]]).toEqual([name, effect === "read" ? "always" : undefined]);
});

test("a start may be sent again with its key only; a steer, an answer and a subscription never", () => {
  const said = resendable([]);
  expect(said["run_start"]).toBe("with_key");
  expect(said["run_cancel"]).toBe("always");
  for (const name of ["run_steer", "permission_answer", "events_subscribe", "auth"])
    expect(said).not.toHaveProperty(name);
});
