// What every harness must do alike: one suite, driven through a real daemon, the real agent program and a scripted model.
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CallError, Harnessd, type Run } from "../../src/client/index.ts";
import type { RunRequestInput } from "../../src/wire/methods.ts";
import type { Fault, ScriptStep, Step } from "../scripted-model/scripted-model.ts";
import { fixTheTest, followAPlan, writeByShell } from "../scripted-model/stories.ts";
import { harnesses } from "../../harnesses/index.ts";
import type { HarnessCapabilities } from "../../harnesses/harness.ts";
import {
  AgentBox,
  eventsOf,
  KEY,
  type DaemonFlags,
  type Told,
  type Wishes,
} from "./conformance-box.ts";

export interface ConformanceOptions {
  /** Where one harness is held in several dialects: which this is, for the table. */
  readonly dialect?: string;
  /** The task is carried out with each; the first does the rest. */
  readonly models: readonly [string, ...string[]];
  /** Its own names of tools. */
  readonly tools: { readonly shell: string };
  /** Options of its own that make it give up soon. */
  readonly options: Readonly<Record<string, unknown>>;
  /** It has no tool that reads files but the shell. */
  readonly readsByShell?: boolean;
  /** It is a program of its own, whose commands are its children. */
  readonly isProgram?: boolean;
  /** By subject: the error codes of cases in which the program cannot tell what others can. */
  readonly codes?: Readonly<Record<string, string>>;
}

/** One row's cell in the table of all harnesses. */
export interface CaseReport {
  readonly harness: string;
  /** What the case is about; the row's name. */
  readonly subject: string;
  outcome: string;
  /** Of the run that the case is about. */
  seconds: number | null;
}

declare module "vitest" {
  interface TaskMeta {
    conformance?: CaseReport;
  }
}

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SCHEMA = {
  type: "object",
  properties: { sum: { type: "number" } },
  required: ["sum"],
  additionalProperties: false,
};
/** For ever, as far as any harness goes. */
const FOREVER = 99;
const CANCEL_LIMIT_MS = 2000;
const CASE_TIMEOUT_MS = 60_000;
const STALL_LIMIT_S = 5;
/** How late a limit may be noticed on a machine that is busy. */
const TOLERANCE_MS = 2000;
const ANSWER = "An answer that is long enough to be broken in its middle.";

export function conformanceSuite(harness: string, options: ConformanceOptions): void {
  const suite = new Suite(harness, options);
  beforeAll(() => suite.open());
  afterAll(() => suite.close());
  theTask(suite);
  brokenModels(suite);
  falseAnswers(suite);
  sessions(suite);
  cancelling(suite);
  permissions(suite);
  wishes(suite);
  limits(suite);
  leavings(suite);
}

type Body = () => Promise<Told | Run | CallError>;

class Suite {
  readonly harness: string;
  readonly options: ConformanceOptions;
  #box: AgentBox | undefined;

  constructor(harness: string, options: ConformanceOptions) {
    this.harness = harness;
    this.options = options;
  }

  get box(): AgentBox {
    if (!this.#box) throw new Error("The box is not open");
    return this.#box;
  }

  async open(): Promise<void> {
    const { models, options } = this.options;
    this.#box = await AgentBox.open({ harness: this.harness, model: models[0], options });
  }

  async close(): Promise<void> {
    await this.#box?.close();
  }

  tell(steps: readonly ScriptStep[], wishes?: Wishes): Promise<Told> {
    return this.box.tell(steps, wishes);
  }

  /** One case; its body gives back the run that the table shows. `subject` and `claim` together are the title; without what it needs it must be refused. */
  case(subject: string, claim: string, body: Body, needs?: keyof HarnessCapabilities): void {
    const isAble =
      needs === undefined ||
      harnesses.find(({ name }) => name === this.harness)?.capabilities[needs] === true;
    test(
      `${subject} ${isAble ? claim : "is refused by name"}`,
      { timeout: CASE_TIMEOUT_MS },
      async ({ task }) => {
        const report: CaseReport = {
          harness: [this.harness, this.options.dialect].filter(Boolean).join(" "),
          subject,
          outcome: "no run",
          seconds: null,
        };
        task.meta.conformance = report;
        this.box.lastRun = undefined;
        try {
          const told = isAble ? await body() : await refusalOf(body);
          this.box.lastRun =
            told instanceof CallError ? undefined : "run" in told ? told.run : told;
          if (told instanceof CallError) report.outcome = `refused: ${told.code}`;
        } finally {
          if (this.box.lastRun) Object.assign(report, cellOf(this.box.lastRun));
        }
        expect(report.outcome).not.toBe("no run");
      },
    );
  }

  /** Does something with a daemon of other settings, and goes back to the usual ones. */
  async withDaemon<Answer>(flags: DaemonFlags, work: () => Promise<Answer>): Promise<Answer> {
    await this.box.restart(flags);
    try {
      return await work();
    } finally {
      await this.box.restart();
    }
  }
}

function cellOf({
  outcome,
  error,
  startedAt,
  endedAt,
}: Run): Pick<CaseReport, "outcome" | "seconds"> {
  const seconds =
    startedAt && endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 : null;
  return { outcome: error ? `${outcome}: ${error.code}` : String(outcome), seconds };
}

const shell = (command: string): Step => ({ calls: [{ intent: "shell", command }] });

/** What a run told, in the words that all harnesses share. Usage and changes of files come when they are known: they are looked at apart. */
function storyOf({ events }: Told): string[] {
  return events.flatMap((event): string[] => {
    if (event.type === "message") return [`message: ${event.text}`];
    if (event.type === "reasoning") return [`reasoning: ${event.text}`];
    if (event.type === "tool.started") return [`${event.kind} started`];
    if (event.type === "tool.finished")
      return [
        `tool ${event.ok ? "ok" : "failed"}${event.exitCode == null ? "" : ` with ${event.exitCode}`}`,
      ];
    if (event.type === "result") return [`result: ${event.text}`];
    if (event.type === "run.ended") return [`ended: ${event.outcome}`];
    return event.type === "unmapped" ? [`unmapped: ${JSON.stringify(event.data)}`] : [];
  });
}

function theTask(suite: Suite): void {
  for (const model of suite.options.models) {
    suite.case(
      `the task with ${model}`,
      "tells the same facts in the same order, and leaves the same files",
      async () => {
        const story = fixTheTest();
        const told = await suite.tell(story.steps, {
          prompt: story.prompt,
          files: story.files,
          model,
        });
        const reading = suite.options.readsByShell
          ? ["execute started", "tool ok with 0"]
          : ["read started", "tool ok"];
        expect(storyOf(told)).toEqual([
          "reasoning: First see how it fails.",
          "message: I run the test first.",
          "execute started",
          "tool failed with 1",
          "message: It fails. Now the code.",
          ...reading,
          "write started",
          "tool ok",
          "execute started",
          "tool ok with 0",
          `message: ${story.answer}`,
          `result: ${story.answer}`,
          "ended: completed",
        ]);
        for (const [path, text] of Object.entries(story.filesAfter))
          expect(readFileSync(join(told.cwd, path), "utf8")).toBe(text);
        const edit = eventsOf(told, "tool.started").find((call) => call.kind === "write");
        // On a busy machine a look may come late: then it names no call, or sees a file half written and once more when it is whole.
        const changes = eventsOf(told, "file.changed");
        expect(new Set(changes.map(({ path }) => path))).toEqual(new Set(["sum.mjs"]));
        expect(changes.map(({ diff }) => diff).join("")).toContain("\n+  return a + b;\n");
        for (const { toolCallId = edit?.toolCallId } of changes)
          expect(toolCallId).toBe(edit?.toolCallId);
        expect(told.run.result).toEqual({ text: story.answer });
        expect(told.run.usage).toMatchObject({
          turns: 5,
          inputTokens: 6000,
          outputTokens: 320,
          cachedInputTokens: 4000,
        });
        expect(told.script.problems).toEqual([]);
        expectDeltasToBeContained(told);
        return told;
      },
    );
  }

  suite.case(
    "a failing command",
    "is told with its exit code and output, and the run goes on",
    async () => {
      const told = await suite.tell([
        shell("echo out; echo err >&2; exit 3"),
        { text: "It failed with 3." },
      ]);
      const [finished] = eventsOf(told, "tool.finished");
      expect(finished).toMatchObject({ ok: false, exitCode: 3 });
      expect(JSON.stringify(finished?.output)).toMatch(/out.*err/);
      expect(told.run).toMatchObject({
        outcome: "completed",
        result: { text: "It failed with 3." },
      });
      return told;
    },
  );

  suite.case(
    "use of the model",
    "is a fact with each answer, before what the answer calls has ended: a crash takes nothing from the account",
    async () => {
      const told = await suite.tell([shell("sleep 1"), { text: "Done." }]);
      const account = told.events.flatMap((event): unknown[] => {
        if (event.type === "usage") return event.inputTokens === 0 ? [] : [event.inputTokens];
        return event.type === "tool.finished" ? ["finished"] : [];
      });
      expect(account).toEqual([1200, "finished", 1200]);
      return told;
    },
  );

  suite.case("a file made by the shell alone", "is told as a change with its diff", async () => {
    const story = writeByShell();
    const told = await suite.tell(story.steps, { prompt: story.prompt });
    expect(eventsOf(told, "file.changed")).toMatchObject([
      { path: "made.txt", change: "created", diff: expect.stringContaining("+by the shell") },
    ]);
    expect(told.run.outcome).toBe("completed");
    return told;
  });
}

/** Every text that was streamed is told whole afterwards, or taken back. */
function expectDeltasToBeContained(told: Told): void {
  for (const kind of ["message", "reasoning"] as const) {
    const whole = new Map(eventsOf(told, kind).map(({ messageId, text }) => [messageId, text]));
    const retracted = new Set(
      eventsOf(told, "message.retracted").map(({ messageId }) => messageId),
    );
    for (const { messageId, text } of eventsOf(told, `${kind}.delta`)) {
      if (!retracted.has(messageId)) expect(whole.get(messageId)).toContain(text);
    }
  }
}

function brokenModels(suite: Suite): void {
  const endless: readonly (readonly [subject: string, fault: Fault, code: string])[] = [
    ["401", { status: 401 }, "unauthorized"],
    ["403", { status: 403 }, "forbidden"],
    ["400", { status: 400 }, "invalid_request"],
    ["endless 429", { status: 429 }, "rate_limited"],
    ["endless 500", { status: 500 }, "server_error"],
    ["endless 529", { status: 529 }, "overloaded"],
    ["endless resets", { refuse: true }, "connection_failed"],
    ["a stream cut each time", { cutAfterChunks: 2 }, "stream_cut"],
  ];
  for (const [subject, fault, standard] of endless) {
    const code = suite.options.codes?.[subject] ?? standard;
    suite.case(subject, `fails the run as ${code}`, async () => {
      const told = await suite.tell([{ text: ANSWER, fault, times: FOREVER }]);
      expect(told.run).toMatchObject({ outcome: "failed", error: { code } });
      expect(eventsOf(told, "result")).toEqual([]);
      expectDeltasToBeContained(told);
      return told;
    });
  }

  for (const status of [401, 402, 403]) {
    suite.case(`the first ${status}`, "ends the run: it is not asked again", async () => {
      const told = await suite.tell([{ text: ANSWER, fault: { status }, times: FOREVER }]);
      expect(told.run).toMatchObject({ outcome: "failed", error: { data: { status } } });
      expect(told.script.asked).toHaveLength(1);
      const again = await suite.tell([{ text: "I go on." }], {
        cwd: told.cwd,
        sessionId: told.run.sessionId,
      });
      expect(again.run).toMatchObject({ outcome: "completed", result: { text: "I go on." } });
      return told;
    });
  }

  suite.case("429, then an answer", "is a retry that is told, and a completed run", async () => {
    const told = await suite.tell([{ fault: { status: 429 } }, { text: "Through." }]);
    expect(eventsOf(told, "notice").map(({ code }) => code)).toContain("retry");
    expect(told.run).toMatchObject({ outcome: "completed", result: { text: "Through." } });
    return told;
  });

  suite.case("a refused connection", "fails the run as connection_failed", async () => {
    const told = await suite.tell([], { baseUrl: `http://127.0.0.1:${await closedPort()}/v1` });
    expect(told.run).toMatchObject({ outcome: "failed", error: { code: "connection_failed" } });
    return told;
  });

  const passing = [
    ["a cut stream, then an answer", { cutAfterChunks: 2 }],
    ["a malformed stream, then an answer", { malformedAfterChunks: 2 }],
  ] as const;
  for (const [subject, fault] of passing) {
    suite.case(
      subject,
      "completes with one whole answer, and nothing half said stands",
      async () => {
        const told = await suite.tell([
          { text: ANSWER, fault, chunkDelayMs: 20 },
          { text: "The whole answer." },
        ]);
        expect(told.run.outcome).toBe("completed");
        // A program may pass over one bad line and still have the answer.
        const answers =
          fault && "malformedAfterChunks" in fault
            ? [ANSWER, "The whole answer."]
            : ["The whole answer."];
        expect(answers).toContain(told.run.result?.text);
        expect(eventsOf(told, "message").map(({ text }) => text)).toEqual([told.run.result?.text]);
        expectDeltasToBeContained(told);
        return told;
      },
    );
  }

  suite.case(
    "a stalled stream",
    "ends the run as no_progress within the time that was set",
    async () => {
      const steps = [{ text: ANSWER, fault: { stallAfterChunks: 2 }, times: FOREVER }];
      const told = await suite.withDaemon({ progressTimeout: STALL_LIMIT_S }, async () => {
        await suite.tell([{ text: "Warm." }]); // so that what comes next is silent for no other reason
        return suite.tell(steps);
      });
      expect(told.run).toMatchObject({ outcome: "failed", error: { code: "no_progress" } });
      const [lastWord, end] = [
        eventsOf(told, "message.delta").at(-1),
        eventsOf(told, "run.ended")[0],
      ];
      expect(Date.parse(end?.time ?? "") - Date.parse(lastWord?.time ?? "")).toBeLessThan(
        STALL_LIMIT_S * 1000 + TOLERANCE_MS,
      );
      return told;
    },
  );
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function falseAnswers(suite: Suite): void {
  const nothing = { input: 0, output: 0, cached: 0 };

  suite.case("a server's error as text", "is no completion", async () => {
    const told = await suite.tell([
      { text: 'API Error: 500 {"type":"error","error":{"type":"api_error"}}', usage: nothing },
    ]);
    expect(told.run).toMatchObject({
      outcome: "failed",
      error: { code: "upstream_error_as_text" },
    });
    return told;
  });

  suite.case("an empty answer", "is no completion, whatever it is said to have cost", async () => {
    const told = await suite.tell([{ text: "", usage: nothing, times: FOREVER }]);
    expect(told.run).toMatchObject({ outcome: "failed", error: { code: "hollow_completion" } });
    const paid = await suite.tell([{ text: "", times: FOREVER }]);
    expect(paid.run).toMatchObject({ outcome: "failed", error: { code: "hollow_completion" } });
    return told;
  });

  suite.case("a refusal of the model", "is no completion", async () => {
    const told = await suite.tell([{ text: "I cannot.", stop: "refusal", times: FOREVER }]);
    expect(told.run).toMatchObject({ outcome: "failed", error: { code: "model_refused" } });
    return told;
  });

  suite.case("an answer cut at its limit", "fails the run as max_tokens", async () => {
    const told = await suite.tell([{ text: "And then", stop: "max_tokens", times: FOREVER }]);
    expect(told.run).toMatchObject({ outcome: "failed", error: { code: "max_tokens" } });
    return told;
  });
}

function sessions(suite: Suite): void {
  suite.case(
    "three runs of a session",
    "each count what they used, and remember the ones before",
    async () => {
      const first = await suite.tell([{ text: "One." }], { prompt: "PROMPT-ONE" });
      const { script, cwd } = first;
      const { sessionId } = first.run;
      const second = await suite.tell([{ text: "Two." }], {
        prompt: "PROMPT-TWO",
        script,
        cwd,
        sessionId,
      });
      const third = await suite.tell([{ text: "Three." }], {
        prompt: "PROMPT-THREE",
        script,
        cwd,
        sessionId,
      });
      for (const { run } of [first, second, third]) {
        expect(run).toMatchObject({
          outcome: "completed",
          sessionId,
          usage: { turns: 1, inputTokens: 1200, outputTokens: 64 },
        });
        expect(run.usage?.costUsd ?? 0).toBeCloseTo(first.run.usage?.costUsd ?? 0, 8);
      }
      const seen = JSON.stringify(script.asked.at(-1)?.body);
      for (const text of ["PROMPT-ONE", "One.", "PROMPT-TWO", "Two.", "PROMPT-THREE"])
        expect(seen).toContain(text);
      return third;
    },
    "resume",
  );

  suite.case(
    "resuming in a new daemon",
    "goes on with what was said",
    async () => {
      const first = await suite.tell([{ text: "One." }], { prompt: "PROMPT-ONE" });
      const { script, cwd } = first;
      await suite.box.restart();
      const second = await suite.tell([{ text: "Two." }], {
        prompt: "PROMPT-TWO",
        script,
        cwd,
        sessionId: first.run.sessionId,
      });
      expect(second.run).toMatchObject({
        outcome: "completed",
        result: { text: "Two." },
        sessionId: first.run.sessionId,
      });
      expect(second.run.usage).toMatchObject({ turns: 1, inputTokens: 1200, outputTokens: 64 });
      const seen = JSON.stringify(script.asked.at(-1)?.body);
      for (const text of ["PROMPT-ONE", "One.", "PROMPT-TWO"]) expect(seen).toContain(text);
      return second;
    },
    "resume",
  );

  suite.case(
    "a fork",
    "goes its own way and leaves the session as it was",
    async () => {
      const root = await suite.tell([{ text: "Root." }], { prompt: "PROMPT-ROOT" });
      const { script, cwd } = root;
      const { sessionId } = root.run;
      const branch = await suite.tell([{ text: "Branch." }], {
        prompt: "PROMPT-BRANCH",
        script,
        cwd,
        sessionId,
        fork: true,
      });
      const trunk = await suite.tell([{ text: "Trunk." }], {
        prompt: "PROMPT-TRUNK",
        script,
        cwd,
        sessionId,
      });
      expect(branch.run.sessionId).not.toBe(sessionId);
      expect(trunk.run.sessionId).toBe(sessionId);
      const [, ofBranch, ofTrunk] = script.asked.map(({ body }) => JSON.stringify(body));
      expect(ofBranch).toMatch(/PROMPT-ROOT.*Root\..*PROMPT-BRANCH/s);
      expect(ofTrunk).toContain("PROMPT-ROOT");
      expect(ofTrunk).not.toContain("PROMPT-BRANCH");
      return branch;
    },
    "fork",
  );
}

function cancelling(suite: Suite): void {
  suite.case(
    "a cancel during a command",
    "ends all its children in 2 s, those in sessions of their own too, and the session goes on",
    async () => {
      const command = "sleep 987 & echo $! > first; setsid sleep 986 & echo $! > second; sleep 985";
      const { run, script, cwd } = await suite.box.begin([shell(command), { text: "Never told." }]);
      const pids = await Promise.all(["first", "second"].map((name) => numberIn(join(cwd, name))));
      const cancelledAt = performance.now();
      const cancelled = await run.cancel();
      suite.box.lastRun = cancelled;
      expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
      expect(performance.now() - cancelledAt).toBeLessThan(CANCEL_LIMIT_MS);
      expect(cancelled).toMatchObject({ outcome: "cancelled", error: { code: "cancelled" } });
      const again = await suite.tell([{ text: "I go on." }], {
        script: suite.box.script([]),
        cwd,
        sessionId: cancelled.sessionId,
      });
      expect(again.run).toMatchObject({ outcome: "completed", result: { text: "I go on." } });
      expect(script.asked).toHaveLength(1);
      return cancelled;
    },
  );

  suite.case(
    "a cancel during an answer",
    "closes what had been said, and the session goes on",
    async () => {
      const told = await suite.tell([{ text: ANSWER, fault: { stallAfterChunks: 2 } }], {
        onEvent: async (event, run) => event.type === "message.delta" && void (await run.cancel()),
      });
      expect(told.run.outcome).toBe("cancelled");
      expectDeltasToBeContained(told);
      const script = suite.box.script([]);
      const again = await suite.tell([{ text: "I go on." }], {
        script,
        cwd: told.cwd,
        sessionId: told.run.sessionId,
      });
      expect(again.run).toMatchObject({ outcome: "completed", result: { text: "I go on." } });
      return told;
    },
  );

  suite.case("a run past its time", "is ended as timed_out", async () => {
    const told = await suite.tell([shell("sleep 984"), { text: "Never told." }], {
      timeoutMs: 2000,
    });
    expect(told.run).toMatchObject({ outcome: "failed", error: { code: "timed_out" } });
    return told;
  });
}

async function numberIn(path: string): Promise<number> {
  for (;;) {
    const found = Number(await readFile(path, "utf8").catch(() => ""));
    if (found > 0) return found;
    await delay(20);
  }
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

type McpServer = NonNullable<RunRequestInput["mcpServers"]>[number];
type Policy = NonNullable<RunRequestInput["permissions"]>;

function permissions(suite: Suite): void {
  const ask: Policy = { otherwise: "ask" };
  const making = (name: string) => [shell(`echo made > ${name}`), { text: "Done." }];

  suite.case(
    "permission asked and given",
    "by a host of another connection lets the call run",
    async () => {
      const other = await Harnessd.connect({ url: suite.box.url });
      const told = await suite.tell(making("given.txt"), {
        permissions: ask,
        onEvent: async (event) => {
          if (event.type !== "permission.requested") return;
          const waiting = await other.call("permission_list", { runId: event.runId });
          expect(waiting.permissions.map(({ permissionId }) => permissionId)).toEqual([
            event.permissionId,
          ]);
          await other.call("permission_answer", {
            permissionId: event.permissionId,
            decision: "allow",
          });
        },
      });
      await other.close();
      expect(eventsOf(told, "permission.resolved")).toMatchObject([
        { decision: "allow", by: "host" },
      ]);
      expect(eventsOf(told, "permission.requested")).toMatchObject([
        { toolCallId: eventsOf(told, "tool.started")[0]?.toolCallId },
      ]);
      expect(readFileSync(join(told.cwd, "given.txt"), "utf8")).toBe("made\n");
      expect(told.run).toMatchObject({ outcome: "completed", result: { text: "Done." } });
      return told;
    },
    "permissions",
  );

  suite.case(
    "permission denied",
    "keeps even a harmless call from running, and the model is told why",
    async () => {
      const told = await suite.tell([shell("cat secret.txt"), { text: "Done." }], {
        files: { "secret.txt": "WHAT-NOBODY-MAY-READ" },
        permissions: ask,
        onEvent: async (event) => {
          if (event.type !== "permission.requested") return;
          const { permissionId } = event;
          await suite.box.host.call("permission_answer", {
            permissionId,
            decision: "deny",
            reason: "not in this house",
          });
        },
      });
      expect(eventsOf(told, "permission.resolved")).toMatchObject([
        { decision: "deny", by: "host", reason: "not in this house" },
      ]);
      expect(eventsOf(told, "tool.finished")).toMatchObject([{ ok: false }]);
      const seen = JSON.stringify(told.script.asked.map(({ body }) => body));
      expect(seen).not.toContain("WHAT-NOBODY-MAY-READ");
      expect(told.run).toMatchObject({ outcome: "completed", result: { text: "Done." } });
      return told;
    },
    "permissions",
  );

  suite.case(
    "permission that nobody answers",
    "is denied at its deadline, and the run goes on",
    async () => {
      const told = await suite.tell(making("late.txt"), {
        permissions: { ...ask, deadlineMs: 300 },
      });
      expect(eventsOf(told, "permission.resolved")).toMatchObject([
        { decision: "deny", by: "deadline" },
      ]);
      expect(existsSync(join(told.cwd, "late.txt"))).toBe(false);
      expect(told.run).toMatchObject({ outcome: "completed", result: { text: "Done." } });
      return told;
    },
    "permissions",
  );

  suite.case(
    "a rule that denies",
    "wins over one that allows, and nobody is asked",
    async () => {
      const { shell: tool } = suite.options.tools;
      const rules: Policy["rules"] = [
        { tool: "*", decision: "allow" },
        { tool, pattern: "*denied.txt*", decision: "deny" },
      ];
      const told = await suite.tell([shell("echo other > other.txt"), ...making("denied.txt")], {
        permissions: { rules },
      });
      expect(eventsOf(told, "permission.requested")).toEqual([]);
      expect(eventsOf(told, "permission.resolved")).toMatchObject([
        { decision: "deny", by: "policy" },
      ]);
      expect([
        existsSync(join(told.cwd, "other.txt")),
        existsSync(join(told.cwd, "denied.txt")),
      ]).toEqual([true, false]);
      expect(told.run.outcome).toBe("completed");
      return told;
    },
    "permissions",
  );
}

function wishes(suite: Suite): void {
  suite.case(
    "a structured result",
    "is JSON that satisfies the schema, though the first answer did not",
    async () => {
      const steps: ScriptStep[] = [
        { calls: [{ intent: "answer", json: { sum: "five" } }] },
        { calls: [{ intent: "answer", json: { sum: 5 } }], times: 2 },
      ];
      const told = await suite.tell(steps, { schema: SCHEMA });
      expect(told.run).toMatchObject({ outcome: "completed", result: { json: { sum: 5 } } });
      return told;
    },
  );

  suite.case(
    "an MCP tool",
    "of the run's own server is called and answers",
    async () => {
      const call: ScriptStep = {
        calls: [{ intent: "mcp", server: "probe", tool: "echo", input: { text: "hallo" } }],
      };
      const server: McpServer = {
        type: "stdio",
        name: "probe",
        command: process.execPath,
        args: ["-e", PROBE],
        env: { PROBE_WORD: "welt" },
      };
      const told = await suite.tell([call, { text: "Echoed." }], { mcpServers: [server] });
      const finished = eventsOf(told, "tool.finished").filter(({ name }) => name.includes("echo"));
      expect(finished).toMatchObject([{ ok: true }]);
      expect(JSON.stringify(finished[0]?.output)).toContain("hallo welt");
      expect(JSON.stringify(told.script.asked.at(-1)?.body)).toContain("hallo welt");
      expect(told.run).toMatchObject({ outcome: "completed", result: { text: "Echoed." } });
      return told;
    },
    "mcpServers",
  );

  suite.case("a plan", "is told as it is made and ticked off", async () => {
    const story = followAPlan();
    const told = await suite.tell(story.steps, { prompt: story.prompt });
    expect(told.script.problems).toEqual([]);
    expect(eventsOf(told, "plan.updated").at(-1)?.steps).toEqual([
      { text: "Write the note", status: "completed" },
      { text: "Check it", status: "completed" },
    ]);
    expect(told.run).toMatchObject({ outcome: "completed", result: { text: story.answer } });
    return told;
  });

  suite.case(
    "an image and a file",
    "reach the model",
    async () => {
      const told = await suite.tell([{ text: "A pixel." }], {
        files: { "note.txt": "what the note says" },
        prompt: [
          { type: "text", text: "What is this?" },
          { type: "image", mediaType: "image/png", data: PIXEL },
          { type: "file", path: "note.txt" },
        ],
      });
      const sent = JSON.stringify(told.script.asked[0]?.body);
      expect(sent).toContain(PIXEL);
      expect(sent).toContain("note.txt");
      expect(told.run).toMatchObject({ outcome: "completed", result: { text: "A pixel." } });
      return told;
    },
    "images",
  );

  suite.case(
    "a system prompt and an effort",
    "reach the model",
    async () => {
      const told = await suite.tell([{ text: "Yes." }], {
        systemPrompt: "SYSTEM-MARK",
        effort: "high",
      });
      expect(JSON.stringify(told.script.asked[0]?.body)).toContain("SYSTEM-MARK");
      expect(JSON.stringify(told.script.asked[0]?.body)).toContain('"high"');
      expect(told.run.outcome).toBe("completed");
      return told;
    },
    "effort",
  );

  suite.case(
    "input during a command",
    "joins the run",
    async () => {
      const told = await suite.tell(
        [shell("sleep 0.5; echo slept"), { text: "Both done." }, { text: "And that." }],
        {
          onEvent: async (event, run) =>
            event.type === "tool.started" && (await run.steer("STEERED")),
        },
      );
      expect(JSON.stringify(told.script.asked.at(-1)?.body)).toContain("STEERED");
      expect(eventsOf(told, "run.steered")).toMatchObject([{ text: "STEERED" }]);
      expect(told.run.outcome).toBe("completed");
      return told;
    },
    "steer",
  );

  suite.case(
    "denied tools",
    "cannot be used",
    async () => {
      const { shell: denied } = suite.options.tools;
      const told = await suite.tell([{ text: "Without it." }], { deniedTools: [denied] });
      expect(told.script.asked[0]?.asked?.tools.map(({ name }) => name)).not.toContain(denied);
      expect(told.run.outcome).toBe("completed");
      return told;
    },
    "toolSelection",
  );

  suite.case(
    "allowed tools",
    "are the only ones that can change anything",
    async () => {
      const { shell: allowed } = suite.options.tools;
      const attempt: ScriptStep = {
        calls: [{ intent: "write", path: "withheld.txt", content: "made\n" }],
      };
      const told = await suite.tell([shell("echo ran > ran.txt"), attempt, { text: "Done." }], {
        allowedTools: [allowed],
      });
      expect(existsSync(join(told.cwd, "ran.txt"))).toBe(true);
      expect(existsSync(join(told.cwd, "withheld.txt"))).toBe(false);
      expect(told.run.outcome).toBe("completed");
      return told;
    },
    "toolSelection",
  );

  suite.case(
    "a tool that is not there",
    "is refused by name before anything starts",
    async () => {
      const refused = await suite
        .tell([{ text: "Never told." }], { deniedTools: ["no_such_tool"] })
        .then(({ run }) => run, refusalIn);
      expect(refused).toMatchObject({
        code: "unknown_tool",
        message: expect.stringContaining(suite.options.tools.shell),
      });
      return refused;
    },
    "toolSelection",
  );

  suite.case("the environment of a run", "reaches its commands, and the key does not", async () => {
    const told = await suite.tell(
      [shell('echo "$GREETING"; env; cat /proc/$PPID/environ | tr "\\0" "\\n"'), { text: "Seen." }],
      {
        env: { GREETING: "good morning" },
      },
    );
    expect(JSON.stringify(eventsOf(told, "tool.finished")[0]?.output)).toContain("good morning");
    expect(JSON.stringify(told.events)).not.toContain(KEY);
    expect(told.run.outcome).toBe("completed");
    return told;
  });

  suite.case(
    "a model of an unknown provider",
    "is refused by name before anything starts",
    async () => {
      const { harness, box } = suite;
      const run = box.host.run({
        prompt: "Do it.",
        harness,
        model: "nowhere/model",
        cwd: box.workspace,
      });
      const refused = await run.then(({ run }) => run, refusalIn);
      expect(refused).toMatchObject({ code: "unknown_provider" });
      return refused;
    },
  );
}

/** What a harness cannot do is said before it starts, or when it is asked to. */
async function refusalOf(body: Body): Promise<CallError> {
  const refused = await body().then(() => undefined, refusalIn);
  expect(["unsupported_option", "steering_unsupported"]).toContain(refused?.code);
  return refused as CallError;
}

function refusalIn(error: unknown): CallError {
  if (error instanceof CallError) return error;
  throw error;
}

function leavings(suite: Suite): void {
  suite.case(
    "commands left in the background",
    "end with the run, those in sessions of their own too",
    async () => {
      const command =
        "sleep 983 > /dev/null 2>&1 & echo $! > left; setsid sleep 982 > /dev/null 2>&1 & echo $! > hidden; echo started";
      const told = await suite.tell([shell(command), { text: "Started." }]);
      expect(told.run).toMatchObject({ outcome: "completed", result: { text: "Started." } });
      const pids = await Promise.all(
        ["left", "hidden"].map((name) => numberIn(join(told.cwd, name))),
      );
      expect(await Promise.all(pids.map(isAlive))).toEqual([false, false]);
      const again = await suite.tell([{ text: "I go on." }], {
        cwd: told.cwd,
        sessionId: told.run.sessionId,
      });
      expect(again.run).toMatchObject({ outcome: "completed", result: { text: "I go on." } });
      return told;
    },
  );

  if (!suite.options.isProgram) return;
  suite.case(
    "a program that is killed",
    "fails the run as agent_exited, and the session goes on",
    async () => {
      const told = await suite.tell([shell("kill -9 $PPID; sleep 5"), { text: "Never told." }]);
      expect(told.run).toMatchObject({ outcome: "failed", error: { code: "agent_exited" } });
      const again = await suite.tell([{ text: "I go on." }], {
        cwd: told.cwd,
        sessionId: told.run.sessionId,
      });
      expect(again.run).toMatchObject({ outcome: "completed", result: { text: "I go on." } });
      return told;
    },
  );
}

function limits(suite: Suite): void {
  suite.case(
    "three turns at most",
    "are three answers of the model and all that they call: the run ends where a fourth would be asked for",
    async () => {
      const wishes = { maxTurns: 3, files: { "turns.log": "" } };
      const call = shell("sleep 0.2; echo x >> turns.log");
      const told = await suite.tell([{ ...call, times: FOREVER }], wishes);
      expect(told.run).toMatchObject({ outcome: "failed", error: { code: "max_turns" } });
      expect(told.run.usage).toMatchObject({ turns: 3, inputTokens: 3600, outputTokens: 192 });
      expect(told.script.asked).toHaveLength(3);
      const finished = eventsOf(told, "tool.finished").map(({ ok, exitCode }) => [ok, exitCode]);
      expect(finished).toEqual(Array.from({ length: 3 }, () => [true, 0]));
      expect(await readFile(join(told.cwd, "turns.log"), "utf8")).toBe("x\nx\nx\n");
      const within = await suite.tell([call, call, { text: "Done." }], wishes);
      expect(within.run).toMatchObject({ outcome: "completed", usage: { turns: 3 } });
      return told;
    },
  );

  const working = (): Step => ({ ...shell("echo again"), times: FOREVER });
  const cases: readonly (readonly [
    subject: string,
    limit: Wishes,
    code: string,
    maxAsked: number,
  ])[] = [
    ["a turn limit", { maxTurns: 2 }, "max_turns", 2],
    ["a token budget", { maxTokens: 2000 }, "budget_exhausted", 2],
    ["a cost budget", { maxCostUsd: 0.001 }, "budget_exhausted", 1],
  ];
  for (const [subject, limit, code, maxAsked] of cases) {
    suite.case(subject, `ends the run as ${code}, and the session goes on`, async () => {
      const told = await suite.tell([working()], limit);
      expect(told.run).toMatchObject({ outcome: "failed", error: { code } });
      expect(told.script.asked.length).toBeLessThanOrEqual(maxAsked);
      const again = await suite.tell([{ text: "I go on." }], {
        script: suite.box.script([]),
        cwd: told.cwd,
        sessionId: told.run.sessionId,
      });
      expect(again.run).toMatchObject({ outcome: "completed", result: { text: "I go on." } });
      return told;
    });
  }
}

/** An MCP server in one line of arguments: `echo` answers with its text and a word of its environment. */
const PROBE = `
  const answers = {
    initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "probe", version: "1" } }),
    "tools/list": () => ({ tools: [{ name: "echo", description: "Echoes.", inputSchema: { type: "object", properties: { text: { type: "string" } } } }] }),
    "tools/call": ({ arguments: { text } }) => ({ content: [{ type: "text", text: text + " " + process.env.PROBE_WORD }] }),
  };
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method]?.(params) ?? {} }));
  });`;
