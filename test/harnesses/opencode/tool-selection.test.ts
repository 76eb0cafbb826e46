import { expect, test } from "vitest";
import { TOOLS } from "../../../harnesses/opencode/tool-names.ts";
import { selectTools } from "../../../harnesses/opencode/tool-selection.ts";

const select = (
  wishes: Partial<Parameters<typeof selectTools>[0]>,
  prefixes = ["probe_"],
  foreign: string[] = [],
): ReturnType<typeof selectTools> =>
  selectTools(
    { deniedTools: [], mustAsk: false, ...wishes },
    { prefixes, foreign, toolName: (name) => name.replace(/^spoken_/, "spoken2_") },
  );

test("without wishes everything is offered but the tool that asks a person, and what belongs to other runs", () => {
  expect(select({}, ["probe_"], ["other_"]).switches).toEqual({
    question: false,
    "other_*": false,
  });
});

test("of what is allowed, only that is offered; denied wins", () => {
  const { switches } = select({
    allowedTools: ["read", "bash", "probe_echo", "probe_hush"],
    deniedTools: ["bash", "probe_hush"],
  });
  const withheld = Object.fromEntries(
    TOOLS.filter((name) => name !== "read").map((name) => [name, false]),
  );
  expect(switches).toEqual({
    question: false,
    ...withheld,
    "probe_*": false,
    probe_echo: true,
    probe_hush: false,
  });
});

test("where calls are asked about no tool is switched on, since that would allow it unasked; what is not offered is refused", () => {
  const selection = select({ allowedTools: ["bash", "probe_echo"], mustAsk: true });
  expect(Object.values(selection.switches)).not.toContain(true);
  expect(
    ["bash", "probe_echo", "probe_other", "read"].map((name) => selection.refuses(name)),
  ).toEqual([false, false, true, true]);
});

test("subagents, who would not ask, are not offered where calls are asked about", () => {
  expect(select({ mustAsk: true }).switches).toMatchObject({ task: false });
  expect(select({}).switches).not.toHaveProperty("task");
});

test("a server that goes by another name here is meant by the name that the run gave it", () => {
  const wishes = {
    allowedTools: ["read", "spoken_echo", "spoken_hush"],
    deniedTools: ["spoken_hush"],
  };
  expect(select(wishes, ["spoken2_"], ["spoken_"]).switches).toMatchObject({
    "spoken_*": false,
    spoken2_echo: true,
    spoken2_hush: false,
  });
});
