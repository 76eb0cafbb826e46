// What the model gateway knows of a run: its use where the harness reports none, its limits, and the true reason of a vague failure.
import { CodedError } from "../../../../tools/coded-error.ts";
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Harness, HarnessContext } from "../../../../harnesses/harness.ts";
import type { ModelDialect } from "../../../../harnesses/providers.ts";
import { turnLimitPassed } from "../../../../harnesses/turn-limit.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../../../scripted-model/scripted-model.ts";
import { TestRuns } from "../test-runs.ts";

let model: ScriptedModel;
let box: TestRuns;
let script: PlayedScript;
/** Settles when the first piece of an answer has come to the harness, and so has passed the gateway. */
let firstPiece: PromiseWithResolvers<void>;

/**
 * Asks its model once for each word of the prompt, reports nothing but on `reports`, and says of a failure no more than that there was one.
 * On `hurries` it is like a program that asks again before its harness has told of the turn, the last that the run has.
 */
function silent(dialects?: readonly ModelDialect[]): Harness {
  return {
    name: "silent",
    title: "Silent",
    capabilities: {
      steer: false,
      resume: false,
      fork: false,
      images: false,
      schema: false,
      effort: false,
      mcpServers: false,
      permissions: false,
      toolSelection: false,
      liveOutput: false,
    },
    defaultModel: null,
    ...(dialects && { dialects }),
    async *run(context) {
      const words = context.prompt.flatMap((part) =>
        part.type === "text" ? part.text.split(" ") : [],
      );
      for (const word of words) {
        if (word === "dies") return;
        if (word === "persists")
          for (;;) await ask(context).catch(() => context.signal.throwIfAborted());
        if (word === "elsewhere") {
          await ask(context, "claude-haiku-4-5").catch(() => null);
          continue;
        }
        await ask(context);
        if (word === "swallows") return;
        if (word === "hurries")
          await Promise.all([ask(context).catch(() => null), tellLate(context)]);
        if (word === "reports") yield REPORT;
        yield { type: "message", messageId: "m", text: "Something." };
      }
    },
  };
}

const REPORT = {
  type: "usage",
  scope: "call",
  model: "claude-opus-5-5",
  inputTokens: 1000,
  outputTokens: 60,
  costUsd: 0.01,
  costBasis: "reported",
} as const;

async function tellLate({ limits }: HarnessContext): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  throw turnLimitPassed(limits);
}

async function ask(
  { modelAccess, model: name = "", signal }: HarnessContext,
  asked = "claude-opus-5-5",
): Promise<void> {
  const { baseUrl, apiKey } = modelAccess(name, "anthropic-messages");
  const body = JSON.stringify({
    model: asked,
    max_tokens: 9,
    stream: true,
    messages: [{ role: "user", content: "Hi" }],
  });
  const answer = await fetch(`${baseUrl}/v1/messages`, {
    method: "POST",
    body,
    headers: { "x-api-key": apiKey },
    signal,
  }).catch(() => null);
  if (!answer?.ok) throw new CodedError("agent_failed", "Something went wrong");
  for await (const _piece of answer.body ?? []) firstPiece.resolve();
}

beforeEach(async () => {
  firstPiece = Promise.withResolvers();
  model = await ScriptedModel.start();
  box = await TestRuns.open({
    harnesses: [silent(), { ...silent(["openai-responses"]), name: "responsive" }],
  });
});

afterEach(async () => {
  await box.close();
  box.remove();
  await model.close();
});

function start(prompt: string, steps: readonly ScriptStep[], limits: object = {}) {
  script = model.script("s", steps);
  const providers = { anthropic: { apiKey: "sk-key", baseUrl: script.anthropicBaseUrl } };
  return box.start(prompt, {
    harness: "silent",
    model: "anthropic/claude-opus-5-5",
    providers,
    ...limits,
  });
}

async function carryOut(prompt: string, steps: readonly ScriptStep[], limits: object = {}) {
  return box.ended(await start(prompt, steps, limits));
}

test("a harness that reports no usage is charged with what passed through the gateway, at the list's prices", async () => {
  const run = await carryOut("one two", [{ text: "1" }, { text: "2" }]);
  expect(run.outcome).toBe("completed");
  expect(run.usage).toMatchObject({
    inputTokens: 2400,
    outputTokens: 128,
    cachedInputTokens: 1600,
    costBasis: "computed",
  });
  expect(run.usage?.costUsd).toBeCloseTo(2 * ((400 * 4 + 800 * 0.2 + 64 * 20) / 1e6), 9);
  const fact = { source: "daemon", model: "anthropic/claude-opus-5-5", inputTokens: 1200 };
  expect(box.facts(run, "usage")).toMatchObject([fact, fact]);
});

test("an answer that the harness reports too is on the account once, and what it leaves out is there", async () => {
  const run = await carryOut("reports one", [{ text: "1" }, { text: "2" }]);
  const facts = box.facts(run, "usage");
  const sumOf = (field: "inputTokens" | "outputTokens" | "cachedInputTokens"): number =>
    facts.reduce((sum, each) => sum + (each[field] ?? 0), 0);
  expect([sumOf("inputTokens"), sumOf("outputTokens"), sumOf("cachedInputTokens")]).toEqual([
    2400, 128, 1600,
  ]);
  expect(run.usage).toMatchObject({
    inputTokens: 2400,
    outputTokens: 128,
    cachedInputTokens: 1600,
  });
});

test("a crash takes nothing from the account: an answer's use is a fact before its harness has reported it", async () => {
  const run = await start("one two", [
    { text: "1" },
    { text: "2", fault: { stallAfterChunks: 1 } },
  ]);
  await script.arrival(2);
  await box.until(run, "usage");
  const base = mkdtempSync(join(tmpdir(), "harnessd-runs-"));
  cpSync(join(box.base, "journal"), join(base, "journal"), { recursive: true }); // as kill -9 would leave it: nothing was closed
  await box.close();
  box.remove();
  box = await TestRuns.open({ harnesses: [silent()], base });
  await box.runs.recover();
  const ended = await box.ended(run);
  expect(ended).toMatchObject({ outcome: "unknown", usage: { inputTokens: 1200 } });
  expect(ended.usage?.costUsd).toBeCloseTo((400 * 4 + 800 * 0.2 + 64 * 20) / 1e6, 9);
});

test("an answer that a cancel cuts off is on the account with what has come of it", async () => {
  const run = await start("one", [
    { text: "a long answer in many words", fault: { stallAfterChunks: 1 } },
  ]);
  await firstPiece.promise;
  await box.runs.cancel(run.runId, "enough");
  expect(await box.ended(run)).toMatchObject({
    outcome: "cancelled",
    usage: { inputTokens: 1200 },
  });
  expect(box.facts(run, "usage")).toMatchObject([{ source: "daemon", inputTokens: 1200 }]);
});

test("a program that knows no turn limit is not let past it while its harness has yet to tell of the last turn", async () => {
  const run = await carryOut("hurries", [{ text: "1" }, { text: "2" }], { maxTurns: 1 });
  expect(run).toMatchObject({ outcome: "failed", error: { code: "max_turns" } });
  expect(script.asked).toHaveLength(1);
});

test("a request that is none of the turns passes, late", async () => {
  const run = await carryOut("one two", [{ text: "1" }, { text: "2" }], { maxTurns: 1 });
  expect(run).toMatchObject({ outcome: "completed" });
});

test("a refusal that the agent keeps to itself is told", async () => {
  const run = await carryOut("swallows", [{ text: "I would rather not.", stop: "refusal" }]);
  expect(run).toMatchObject({ outcome: "failed", error: { code: "model_refused" } });
});

test("a budget ends the run when the gateway has seen it used up, and the next request is refused", async () => {
  const run = await carryOut("one two three", [{ text: "1" }, { text: "2" }, { text: "3" }], {
    maxTokens: 1500,
  });
  expect(run).toMatchObject({
    outcome: "failed",
    error: { code: "budget_exhausted", data: { limit: "max_tokens" } },
  });
  expect(run.usage?.inputTokens).toBeLessThanOrEqual(2400);
  const costly = await carryOut("one two three", [{ text: "1" }, { text: "2" }, { text: "3" }], {
    maxCostUsd: 0.001,
  });
  expect(costly).toMatchObject({
    error: { code: "budget_exhausted", data: { limit: "max_cost" } },
  });
});

test.for([
  [{ fault: { status: 401 } }, "unauthorized", /answered 401: /],
  [{ fault: { status: 529 } }, "overloaded", /answered 529/],
  [{ fault: { refuse: true } }, "connection_failed", /could not be reached: ECONNRESET/],
] as const)(
  "a run whose agent cannot say what went wrong fails with what the gateway saw: %j is %s",
  async ([step, code, message]) => {
    const run = await carryOut("one", [step]);
    expect(run).toMatchObject({
      outcome: "failed",
      error: { code, message: expect.stringMatching(message) },
    });
  },
);

test.for([401, 402, 403])(
  "the first %i for the run's own model ends the run, whatever the agent does about it",
  async (status) => {
    const run = await carryOut("persists", [{ fault: { status }, times: 9 }]);
    expect(run).toMatchObject({ outcome: "failed", error: { data: { status } } });
    expect(script.asked).toHaveLength(1);
  },
);

test("another model that the key is not good for is the agent's to do without", async () => {
  const run = await carryOut("elsewhere one", [{ fault: { status: 403 } }, { text: "1" }]);
  expect(run).toMatchObject({ outcome: "completed" });
});

test("an agent that gives up in silence after a failure of its model does not end with an empty success", async () => {
  const run = await carryOut("dies", []);
  expect(run.error?.code).toBe("hollow_completion");
});

test("a failure that was overcome is no reason", async () => {
  const run = await carryOut("one", [{ text: "1" }]);
  expect(run).toMatchObject({ outcome: "completed", error: null });
});

test("a harness that speaks no dialect of the provider's is refused before anything starts", async () => {
  const started = box.start("one", {
    harness: "responsive",
    model: "anthropic/m",
    providers: { anthropic: { apiKey: "k" } },
  });
  await expect(started).rejects.toMatchObject({
    code: "dialect_not_served",
    data: { serves: ["anthropic-messages"] },
  });
  expect(box.journal.head.seq).toBe(0);
});

test("a token is refused once its run has ended", async () => {
  let access: { baseUrl: string; apiKey: string } | undefined;
  await box.close();
  box.remove();
  const curious: Harness = {
    ...silent(),
    async *run(context) {
      yield { type: "message", messageId: "m", text: "Taken." };
      access = context.modelAccess("anthropic/m");
      await ask(context);
    },
  };
  box = await TestRuns.open({ harnesses: [curious] });
  await carryOut("x", [{ text: "1" }]);
  const answer = await fetch(`${access!.baseUrl}/v1/messages`, {
    method: "POST",
    body: "{}",
    headers: { "x-api-key": access!.apiKey },
  });
  expect(answer.status).toBe(403);
});
