import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunRequestInput } from "../../../../src/wire/methods.ts";
import { TestRuns } from "../test-runs.ts";

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
  expect(waiting).toMatchObject({
    name: "shell_exec",
    input: { command: "echo $GREETING" },
    defaultDecision: "deny",
  });
  box.permissions.answer({
    permissionId: waiting!.permissionId,
    decision: "allow",
    input: { command: "echo rewritten" },
  });
  expect(await box.ended(run)).toMatchObject({ result: { text: "rewritten" } });
  expect(box.facts(run, "permission.resolved")).toMatchObject([{ decision: "allow", by: "host" }]);
  expect(() =>
    box.permissions.answer({ permissionId: waiting!.permissionId, decision: "allow" }),
  ).toThrow(/No open permission request/);
});

test.each([
  ["deny", "permission_denied"],
  ["allow", "hello"],
] as const)(
  "a question that nobody answers is decided by its default, %s, at its deadline",
  async (onDeadline, text) => {
    const run = await box.carryOut("callsTool", {
      permissions: { ...ask, deadlineMs: 30, onDeadline },
      env: { GREETING: "hello" },
    });
    expect(run.result?.text).toBe(text);
    expect(box.facts(run, "permission.resolved")).toMatchObject([
      { decision: onDeadline, by: "deadline" },
    ]);
  },
);

test("what a policy denies is not run, and the denial is a fact", async () => {
  const run = await box.carryOut("callsTool", {
    permissions: { rules: [{ tool: "shell_*", decision: "deny" }] },
  });
  expect(run.result?.text).toBe("permission_denied");
  expect(box.facts(run, "permission.resolved")).toMatchObject([{ decision: "deny", by: "policy" }]);
  expect(box.facts(run, "process.started")).toEqual([]);
});

test("a question of a run that is cancelled is closed with it", async () => {
  const run = await box.start("callsTool", { permissions: ask });
  await box.until(run, "permission.requested");
  await box.runs.cancel(run.runId, "enough");
  expect(box.permissions.list()).toEqual([]);
  expect(box.facts(run, "permission.resolved")).toMatchObject([
    { decision: "deny", by: "run_end" },
  ]);
});

test("a run's time goes on while a host is asked, and the question ends with it", async () => {
  const run = await box.carryOut("callsTool", { permissions: ask, timeoutMs: 150 });
  expect(run).toMatchObject({ outcome: "failed", error: { code: "timed_out" } });
  expect(box.permissions.list()).toEqual([]);
  expect(box.facts(run, "permission.resolved")).toMatchObject([
    { decision: "deny", by: "run_end" },
  ]);
});
