import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunRequestInput } from "../../../src/methods.ts";
import { allowsEverything, type Policy, rulingOn } from "../../../src/runs/permissions.ts";
import { PermissionPolicy } from "../../../src/methods.ts";
import { TestRuns } from "./test-runs.ts";

const policy = (given: RunRequestInput["permissions"]): Policy => PermissionPolicy.parse(given);

test.each<[string, RunRequestInput["permissions"], string, unknown, string]>([
  ["no rule matches: what stands otherwise", { otherwise: "ask" }, "Bash", { command: "ls" }, "ask"],
  [
    "deny wins over ask and allow, in any order",
    { rules: [{ decision: "deny" }, { decision: "ask" }, { decision: "allow" }] },
    "x",
    {},
    "deny",
  ],
  ["ask wins over allow", { rules: [{ decision: "ask" }, { decision: "allow" }] }, "x", {}, "ask"],
  ["a rule names its tool", { rules: [{ tool: "fs_write", decision: "deny" }] }, "fs_read", {}, "allow"],
  ["a rule names tools by a star", { rules: [{ tool: "git_*", decision: "deny" }] }, "git_push", {}, "deny"],
  [
    "a pattern is about the command",
    { rules: [{ tool: "shell_exec", pattern: "git push*", decision: "ask" }] },
    "shell_exec",
    { command: "git push origin/main --force" },
    "ask",
  ],
  ["a pattern is about the path", { rules: [{ pattern: "/etc/*", decision: "deny" }] }, "Write", { file_path: "/etc/a/b" }, "deny"],
  [
    "a pattern's other characters stand for themselves",
    { rules: [{ pattern: "a.c", decision: "deny" }] },
    "x",
    { command: "abc" },
    "allow",
  ],
  [
    "a command as a list of words is read as a line",
    { rules: [{ pattern: "rm -rf*", decision: "deny" }] },
    "shell",
    { command: ["rm", "-rf", "/"] },
    "deny",
  ],
])("%s", (_title, given, name, input, ruling) => {
  expect(rulingOn(policy(given), name, input)).toBe(ruling);
});

test("a policy that only allows asks nobody", () => {
  expect([undefined, policy({}), policy({ rules: [{ decision: "allow" }] })].map(allowsEverything)).toEqual([true, true, true]);
  expect([policy({ otherwise: "ask" }), policy({ rules: [{ tool: "x", decision: "deny" }] })].map(allowsEverything)).toEqual([
    false,
    false,
  ]);
});

let box: TestRuns;
beforeEach(async () => {
  box = await TestRuns.open();
});
afterEach(async () => {
  await box.close();
  box.remove();
});

const ask: RunRequestInput["permissions"] = { rules: [{ tool: "shell_exec", decision: "ask" }] };

test("a question waits for a host, who may allow it with another input", async () => {
  const run = await box.start("callsTool", { permissions: ask });
  await box.until(run, "permission.requested");
  const [waiting] = box.permissions.list(run.runId);
  expect(waiting).toMatchObject({ name: "shell_exec", input: { command: "echo $GREETING" }, defaultDecision: "deny" });
  box.permissions.answer({ permissionId: waiting!.permissionId, decision: "allow", input: { command: "echo rewritten" } });
  expect(await box.ended(run)).toMatchObject({ result: { text: "rewritten" } });
  expect(box.facts(run, "permission.resolved")).toMatchObject([{ decision: "allow", by: "host" }]);
  expect(() => box.permissions.answer({ permissionId: waiting!.permissionId, decision: "allow" })).toThrow(/No open permission request/);
});

test.each([
  ["deny", "permission_denied"],
  ["allow", "hello"],
] as const)("a question that nobody answers is decided by its default, %s, at its deadline", async (onDeadline, text) => {
  const run = await box.carryOut("callsTool", { permissions: { ...ask, deadlineMs: 30, onDeadline }, env: { GREETING: "hello" } });
  expect(run.result?.text).toBe(text);
  expect(box.facts(run, "permission.resolved")).toMatchObject([{ decision: onDeadline, by: "deadline" }]);
});

test("what a policy denies is not run, and the denial is a fact", async () => {
  const run = await box.carryOut("callsTool", { permissions: { rules: [{ tool: "shell_*", decision: "deny" }] } });
  expect(run.result?.text).toBe("permission_denied");
  expect(box.facts(run, "permission.resolved")).toMatchObject([{ decision: "deny", by: "policy" }]);
  expect(box.facts(run, "process.started")).toEqual([]);
});

test("a question of a run that is cancelled is closed with it", async () => {
  const run = await box.start("callsTool", { permissions: ask });
  await box.until(run, "permission.requested");
  await box.runs.cancel(run.runId, "enough");
  expect(box.permissions.list()).toEqual([]);
  expect(box.facts(run, "permission.resolved")).toMatchObject([{ decision: "deny", by: "run_end" }]);
});
