import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { CodedError } from "../../../tools/coded-error.ts";
import { type Run, RunRequest } from "../../../src/wire/methods.ts";
import { misbehaving } from "../../fixtures/harnesses/misbehaving.ts";
import { TestRuns, type TestRunsOptions } from "./test-runs.ts";

let box: TestRuns;
const opened: TestRuns[] = [];

async function open(options: TestRunsOptions = {}): Promise<TestRuns> {
  box = await TestRuns.open(options);
  opened.push(box);
  return box;
}

beforeEach(async () => {
  await open();
});
afterEach(async () => {
  for (const each of opened) await each.close();
  for (const each of opened.splice(0)) each.remove();
});

const codeOf = (error: unknown): string =>
  error instanceof CodedError ? error.code : String(error);
const refusalOf = async (starting: Promise<unknown>): Promise<string> =>
  starting.then(() => "taken", codeOf);

test("a run goes from queued to started to ended, with its result, usage and one end", async () => {
  const run = await box.carryOut("behaves", { metadata: { ticket: "7" } });
  expect(run).toMatchObject({
    state: "ended",
    outcome: "completed",
    result: { text: "hello" },
    error: null,
    metadata: { ticket: "7" },
  });
  expect(run.usage).toMatchObject({
    turns: 1,
    inputTokens: 10,
    outputTokens: 5,
    costUsd: 0.001,
    costBasis: "reported",
  });
  expect(box.factsOf(run).map((fact) => fact.type)).toEqual([
    "run.queued",
    "run.started",
    "message",
    "usage",
    "turn",
    "result",
    "run.ended",
  ]);
  expect(box.factsOf(run)[0]?.seq).toBe(run.cursor.seq + 1);
  expect(box.runs.get(run.runId)).toEqual(run);
});

test.each([
  ["hollow", "hollow_completion"],
  ["speaksUpstreamError", "upstream_error_as_text"],
  ["throws", "rate_limited"],
  ["breaks", "internal_error"],
])("a harness that %s has failed with %s, whatever it says", async (act, code) => {
  const run = await box.carryOut(act);
  expect([run.outcome, run.error?.code]).toEqual(["failed", code]);
});

test("what an interrupted harness left open is closed: half a message and a tool call", async () => {
  const run = await box.carryOut("throws");
  expect(box.facts(run, "message")).toMatchObject([{ text: "half a sen" }]);
  expect(box.facts(run, "tool.finished")).toMatchObject([
    { toolCallId: "t1", ok: false, output: { code: "interrupted" } },
  ]);
  expect(run.error?.data).toEqual({ status: 429 });
});

test("whatever a cancelled harness has streamed stands in a fact: thought, answer, a tool's output and a half-written input", async () => {
  const run = await box.start("isCutShort");
  await box.until(run, "turn");
  await box.runs.cancel(run.runId, "enough");
  expect(box.facts(run, "reasoning")).toMatchObject([{ messageId: "r1", text: "I thi" }]);
  expect(box.facts(run, "message")).toMatchObject([{ messageId: "m1", text: "I wi" }]);
  expect(box.facts(run, "tool.finished")).toMatchObject([
    { toolCallId: "t1", output: { code: "interrupted", stdout: "half a line" } },
  ]);
  expect(box.facts(run, "notice")).toMatchObject([
    {
      code: "tool_input_unfinished",
      data: { toolCallId: "t2", name: "Write", text: '{"path": "a' },
    },
  ]);
  expect(box.factsOf(run).at(-1)?.type).toBe("run.ended");
});

test("a limit on cost that no price is known for is said not to hold, once, and what is known counts", async () => {
  await expect(box.carryOut("spendsUnpriced", { maxCostUsd: 1 })).rejects.toMatchObject({
    code: "price_unknown",
    data: { maxCostUsd: 1 },
  });
  const run = await box.carryOut("spendsUnpriced", {
    maxCostUsd: 1,
    allowUnknownPrice: true,
  });
  expect(box.facts(run, "notice")).toMatchObject([
    { code: "cost_unknown", data: { maxCostUsd: 1 } },
  ]);
  expect([run.outcome, run.usage?.costUsd]).toEqual(["completed", null]);
  expect(
    await box.carryOut("spendsUnpriced", { maxCostUsd: 0.0005, allowUnknownPrice: true }),
  ).toMatchObject({
    outcome: "failed",
    error: { code: "budget_exhausted" },
  });
});

test("input that was taken and never read is said to be unread", async () => {
  const run = await box.start("doesNotListen");
  await box.until(run, "turn");
  box.runs.steer(run.runId, [{ type: "text", text: "left" }]);
  await box.ended(run);
  expect(box.facts(run, "notice")).toMatchObject([
    { code: "input_unread", data: { texts: ["left"] } },
  ]);
});

test("what is no event is passed on as unmapped, and the run goes on", async () => {
  const run = await box.carryOut("babbles");
  expect(run.outcome).toBe("completed");
  expect(box.facts(run, "unmapped").map((fact) => fact.data)).toEqual([
    { type: "no.such.event", value: 1 },
    "not even an object",
  ]);
});

test.each(["hangs", "saysNothing", "stopsWhenTold"])(
  "a run that %s is cancelled within two seconds, and says so",
  async (act) => {
    const run = await box.start(act);
    await box.until(run, "run.started");
    const before = performance.now();
    const ended = await box.runs.cancel(run.runId, "enough");
    expect(performance.now() - before).toBeLessThan(2500);
    expect(ended).toMatchObject({
      outcome: "cancelled",
      error: { code: "cancelled", message: "enough" },
    });
    expect(await box.runs.cancel(run.runId, "again")).toEqual(ended);
  },
);

test("a run that outlives its time has failed with timed_out", async () => {
  expect(await box.carryOut("hangs", { timeoutMs: 50 })).toMatchObject({
    outcome: "failed",
    error: { code: "timed_out" },
  });
});

test.each([
  [{ maxTurns: 3 }, "max_turns", "max_turns"],
  [{ maxTokens: 5000 }, "budget_exhausted", "max_tokens"],
  [{ maxCostUsd: 0.002, allowUnknownPrice: true }, "budget_exhausted", "max_cost"],
])("limits %j end a run that spends for ever", async (limits, code, limit) => {
  const run = await box.carryOut("spends", limits);
  expect(run).toMatchObject({ outcome: "failed", error: { code, data: { limit } } });
});

test.each([
  ["saysNothing", { firstEventMs: 50 }, "no_first_event"],
  ["hangs", { progressMs: 50 }, "no_progress"],
  ["retriesForEver", { retries: 3 }, "retries_exhausted"],
])("a harness that %s is ended by the watch", async (act, watch, code) => {
  await open({ watch });
  expect(await box.carryOut(act)).toMatchObject({ outcome: "failed", error: { code } });
});

test("a harness that never exits after its result is ended, and the result stands", async () => {
  await open({ watch: { exitMs: 50 } });
  const run = await box.carryOut("neverExits");
  expect(run).toMatchObject({ outcome: "completed", result: { text: "the result stands" } });
  expect(box.facts(run, "notice")).toMatchObject([{ code: "exit_overdue" }]);
});

test("everything that a run has started ends with it, a child of its own session included", async () => {
  const run = await box.carryOut("leavesChildren");
  const { containment } = box.facts(run, "run.ended")[0] ?? {};
  expect(containment).toMatchObject({ survivors: [] });
  expect(containment?.signalled).toBeGreaterThanOrEqual(2);
  expect(livingWith(run.runId)).toEqual([]);
});

test("the same key is the same run, also at the same moment, and with other contents it is refused", async () => {
  const request = { key: "k1", metadata: { a: "1", b: "2" } };
  const [one, two] = await Promise.all([
    box.start("behaves", request),
    box.start("behaves", { metadata: { b: "2", a: "1" }, key: "k1" }),
  ]);
  expect(two.runId).toBe(one.runId);
  await box.ended(one);
  expect((await box.start("behaves", request)).outcome).toBe("completed");
  expect(await refusalOf(box.start("hangs", request))).toBe("key_conflict");
  expect(box.store.list({}, 10, undefined).items).toHaveLength(1);
});

test.each([
  [{ harness: "nobody" }, "unknown_harness"],
  [{ sessionId: "session_none" }, "session_not_found"],
  [{ fork: true }, "session_required"],
  [{ cwd: "no/such/directory" }, "directory_not_found"],
  [{ model: "nobody/model" }, "unknown_provider"],
  [{ model: "anthropic/model" }, "missing_credential"],
  [{ effort: "high" as const }, "unsupported_option"],
  [{ deniedTools: ["shell_exce"] }, "unknown_tool"],
  [{ options: { codex: {} } }, "unsupported_option"],
  [{ schema: { type: "no such type" } }, "invalid_schema"],
  [
    { mcpServers: [{ type: "http" as const, name: "x", url: "http://127.0.0.1:1" }] },
    "unsupported_option",
  ],
])("%j is refused before anything starts, as %s", async (request, code) => {
  expect(await refusalOf(box.start("behaves", request))).toBe(code);
  expect(box.journal.head.seq).toBe(0);
});

test("runs beyond the limit wait their turn, oldest first, and too many are refused", async () => {
  await open({ maxRuns: 1, maxQueuedRuns: 1 });
  const first = await box.start("stopsWhenTold");
  const second = await box.start("behaves");
  expect(await refusalOf(box.start("behaves"))).toBe("queue_full");
  expect([box.runs.get(first.runId).state, box.runs.get(second.runId).state]).toEqual([
    "running",
    "queued",
  ]);
  await box.runs.cancel(first.runId, "next");
  expect(await box.ended(second)).toMatchObject({ outcome: "completed" });
});

test("a run that waits is cancelled without ever having begun", async () => {
  await open({ maxRuns: 1 });
  const first = await box.start("stopsWhenTold");
  const second = await box.start("behaves");
  expect(await box.runs.cancel(second.runId, "not needed")).toMatchObject({
    outcome: "cancelled",
    startedAt: null,
  });
  expect(box.factsOf(second).map((fact) => fact.type)).toEqual(["run.queued", "run.ended"]);
  await box.runs.cancel(first.runId, "done");
});

test("a session remembers, one run at a time; a fork leaves it as it was", async () => {
  const { sessionId } = await box.carryOut("remembers");
  const more = await Promise.all([
    box.start("remembers", { sessionId }),
    box.start("remembers", { sessionId }),
  ]);
  const answers = (await Promise.all(more.map((run) => box.ended(run)))).map(
    (run) => run.result?.text,
  );
  expect(answers.toSorted((a = "", b = "") => a.localeCompare(b))).toEqual(["+", "++"]);
  const fork = await box.carryOut("remembers", { sessionId, fork: true });
  expect([fork.result?.text, fork.sessionId === sessionId]).toEqual(["+++ (fork)", false]);
  expect(await box.carryOut("remembers", { sessionId })).toMatchObject({ result: { text: "+++" } });
  expect(await box.carryOut("remembers", { sessionId: fork.sessionId })).toMatchObject({
    result: { text: "++++" },
  });
});

test("sums that a harness reports over its session are told per run, over a restart too", async () => {
  const first = await box.carryOut("sumsUp");
  const second = await box.carryOut("sumsUp", { sessionId: first.sessionId });
  await box.close();
  await open({ base: box.base });
  const third = await box.carryOut("sumsUp", { sessionId: first.sessionId });
  expect(
    [first, second, third].map((run) => [
      run.usage?.inputTokens,
      run.usage?.outputTokens,
      run.usage?.costUsd,
    ]),
  ).toEqual([
    [100, 10, 0.5],
    [100, 10, 0.5],
    [100, 10, 0.5],
  ]);
});

test("a fork that goes on counting where its origin stood is told what it used itself", async () => {
  const { sessionId } = await box.carryOut("sumsUp");
  await box.carryOut("sumsUp", { sessionId });
  const fork = await box.carryOut("sumsUp", { sessionId, fork: true });
  expect([fork.result?.text, fork.usage?.inputTokens, fork.usage?.costUsd]).toEqual([
    "3",
    100,
    0.5,
  ]);
});

test("of several starts with one key behind one that is refused, exactly one is fresh", async () => {
  const wrong = box.runs.start(
    RunRequest.parse({ key: "k", harness: "nobody", prompt: "behaves" }),
  );
  const right = Array.from({ length: 3 }, () =>
    box.runs.start(RunRequest.parse({ key: "k", harness: "misbehaving", prompt: "behaves" })),
  );
  await expect(wrong).rejects.toMatchObject({ code: "unknown_harness" });
  const started = await Promise.all(right);
  expect(started.map(({ replayed }) => replayed)).toEqual([false, true, true]);
  expect(box.store.list({}, 10, undefined).items).toHaveLength(1);
});

test("a result that does not satisfy the schema is asked for again, and then it is JSON", async () => {
  const schema = {
    type: "object",
    properties: { answer: { type: "number" } },
    required: ["answer"],
  };
  const run = await box.carryOut("answersWrongFirst", { schema });
  expect(run).toMatchObject({ outcome: "completed", result: { json: { answer: 42 } } });
  expect(box.facts(run, "notice")).toMatchObject([{ code: "result_repair", data: { attempt: 1 } }]);
});

test("a harness that never satisfies the schema has failed with schema_mismatch after bounded repairs", async () => {
  const schema = { type: "object", properties: { answer: { type: "number" } } };
  const options = { misbehaving: { repair: "answersWrongAlways" } };
  await open({ harnesses: [{ ...misbehaving, options: z.looseObject({}) }] });
  const run = await box.carryOut("answersWrongAlways", { schema, options });
  expect(run).toMatchObject({ outcome: "failed", error: { code: "schema_mismatch" } });
  expect(box.facts(run, "notice")).toHaveLength(2);
});

test.each([
  [{}, "cancelled", "cancelled"],
  [{ timeoutMs: 2000 }, "failed", "timed_out"],
])("a repair turn is ended like any other: %j", async (limits, outcome, code) => {
  const options = { misbehaving: { repair: "hangsWhenRepairing" } };
  await open({ harnesses: [{ ...misbehaving, options: z.looseObject({}) }] });
  const run = await box.start("hangsWhenRepairing", {
    schema: { type: "object" },
    options,
    ...limits,
  });
  await box.until(run, "notice");
  if (code === "cancelled") void box.runs.cancel(run.runId, "enough");
  expect(await box.ended(run)).toMatchObject({
    outcome,
    error: { code },
    usage: { inputTokens: 20 },
  });
});

test("input is steered into a running run, and refused by name where it cannot be", async () => {
  const run = await box.start("listens");
  await box.until(run, "turn");
  box.runs.steer(run.runId, [{ type: "text", text: "left" }]);
  expect(await box.ended(run)).toMatchObject({ result: { text: "heard left" } });
  expect(box.facts(run, "run.steered")).toMatchObject([{ text: "left" }]);
  expect(() => box.runs.steer(run.runId, [{ type: "text", text: "late" }])).toThrow(
    expect.objectContaining({ code: "run_not_running" }),
  );
});

test("a run's environment reaches its commands and nothing in the state directory", async () => {
  const run = await box.carryOut("callsTool", { env: { GREETING: "hush-hush-value" } });
  expect(run.result?.text).toBe("hush-hush-value");
  expect(box.facts(run, "run.started")[0]).not.toHaveProperty("env");
});

test("runs are listed newest first, by filter and page", async () => {
  const runs: Run[] = [];
  for (const act of ["behaves", "hollow", "behaves"]) runs.push(await box.carryOut(act));
  const [a, b, c] = runs.map((run) => run.runId);
  const page = box.store.list({}, 2, undefined);
  expect(page.items.map((run) => run.runId)).toEqual([c, b]);
  expect(
    box.store.list({}, 2, page.nextPageToken ?? undefined).items.map((run) => run.runId),
  ).toEqual([a]);
  expect(
    box.store.list({ outcome: "failed" }, 10, undefined).items.map((run) => run.runId),
  ).toEqual([b]);
  for (const token of ["x", "-1", "1.5", "1e400"]) {
    expect(() => box.store.list({}, 1, token)).toThrow(
      expect.objectContaining({ code: "invalid_page_token" }),
    );
    expect(() => box.store.listSessions(1, token)).toThrow(
      expect.objectContaining({ code: "invalid_page_token" }),
    );
  }
});

test("a shutdown cancels what runs and keeps what waits for the next daemon", async () => {
  await open({ maxRuns: 1 });
  const running = await box.start("stopsWhenTold");
  const waiting = await box.start("behaves");
  const carrying = await box.start("behaves", { env: { A: "1" } });
  await box.close();
  await open({ base: box.base });
  await box.runs.recover();
  box.runs.beginWaiting();
  expect(await box.ended(running)).toMatchObject({
    outcome: "cancelled",
    error: { code: "daemon_shutdown" },
  });
  expect(await box.ended(waiting)).toMatchObject({ outcome: "completed" });
  expect(await box.ended(carrying)).toMatchObject({
    outcome: "cancelled",
    error: { code: "daemon_shutdown" },
  });
});

test("after a crash the next run of the session is charged with its own share of what the harness sums up, and no more", async () => {
  const crashed = await box.start("sumsUpAndHangs");
  await box.until(crashed, "result");
  const base = mkdtempSync(join(tmpdir(), "harnessd-runs-"));
  cpSync(join(box.base, "journal"), join(base, "journal"), { recursive: true }); // as kill -9 would leave it: nothing was closed
  await box.close();
  await open({ base });
  await box.runs.recover();
  expect(await box.ended(crashed)).toMatchObject({
    outcome: "unknown",
    usage: { inputTokens: 100 },
  });
  const next = await box.carryOut("sumsUp", { sessionId: crashed.sessionId });
  expect(next.usage).toMatchObject({ inputTokens: 100, costUsd: 0.5 });
});

test("of several starts with one key, of which the first is refused, the others are one run", async () => {
  const refused = box.start("behaves", { key: "k", harness: "nobody" });
  const [one, two] = [box.start("behaves", { key: "k" }), box.start("behaves", { key: "k" })];
  await expect(refused).rejects.toMatchObject({ code: "unknown_harness" });
  expect((await one).runId).toBe((await two).runId);
  expect(box.store.list({}, 10, undefined).items).toHaveLength(1);
});

/** Pids whose environment carries the owner's mark. */
function livingWith(owner: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    const file = join("/proc", pid, "environ");
    try {
      return existsSync(file) && readFileSync(file, "utf8").includes(`HARNESSD_OWNER=${owner}`);
    } catch {
      return false;
    }
  });
}
