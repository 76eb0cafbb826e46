import type { CodedError } from "../../../tools/coded-error.ts";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HarnessEvent } from "../../../harnesses/events.ts";
import {
  beginRun,
  endRun,
  translate,
  type TurnState,
} from "../../../harnesses/claude-code/translate.ts";

const GOLDEN = join(import.meta.dirname, "golden");
const recorded = readdirSync(GOLDEN)
  .filter((name) => name.endsWith(".jsonl") && !name.endsWith(".events.jsonl"))
  .map((name) => name.replace(".jsonl", ""));

interface Translated {
  readonly state: TurnState;
  readonly events: HarnessEvent[];
  readonly endings: ({ code: string; data: unknown } | "completed")[];
}

function translateAll(lines: readonly unknown[], state = beginRun()): Translated {
  const events: HarnessEvent[] = [];
  const endings: Translated["endings"] = [];
  for (const line of lines) {
    const translation = translate(state, line);
    state = translation.state;
    events.push(...translation.events);
    if (translation.ended) endings.push(describeEnding(translation.ended.failure));
  }
  return { state, events, endings };
}

function describeEnding(failure: CodedError | null): Translated["endings"][number] {
  return failure ? { code: failure.code, data: failure.data } : "completed";
}

function linesOf(name: string): unknown[] {
  const text = readFileSync(join(GOLDEN, `${name}.jsonl`), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

const ofType = <Type extends HarnessEvent["type"]>(events: readonly HarnessEvent[], type: Type) =>
  events.filter((event): event is Extract<HarnessEvent, { type: Type }> => event.type === type);

test.each(recorded)(
  "the recorded stream %s gives the same events as before, all valid and none unmapped",
  async (name) => {
    const { events, endings } = translateAll(linesOf(name));
    for (const event of events) HarnessEvent.parse(event);
    expect(ofType(events, "unmapped")).toEqual([]);
    const text = [...events, ...endings].map((each) => JSON.stringify(each)).join("\n");
    await expect(`${text}\n`).toMatchFileSnapshot(join(GOLDEN, `${name}.events.jsonl`));
  },
);

test.each(recorded)(
  "in %s every delta is contained in a fact that follows, or is retracted",
  (name) => {
    const { state, events } = translateAll(linesOf(name));
    const all = [...events, ...endRun(state).events];
    const streamed = new Map<string, string>();
    for (const { messageId, text } of [
      ...ofType(all, "message.delta"),
      ...ofType(all, "reasoning.delta"),
    ]) {
      streamed.set(messageId, (streamed.get(messageId) ?? "") + text);
    }
    const retracted = new Set(ofType(all, "message.retracted").map(({ messageId }) => messageId));
    const told = new Map(
      [...ofType(all, "message"), ...ofType(all, "reasoning")].map(({ messageId, text }) => [
        messageId,
        text,
      ]),
    );
    const kept = [...streamed].filter(([messageId]) => !retracted.has(messageId));
    expect(kept.map(([messageId]) => [messageId, told.get(messageId)])).toEqual(kept);
  },
);

test.each(recorded)("in %s every tool that starts is finished", (name) => {
  const { state, events } = translateAll(linesOf(name));
  const all = [...events, ...endRun(state).events];
  const started = ofType(all, "tool.started").map(({ toolCallId }) => toolCallId);
  expect(ofType(all, "tool.finished").map(({ toolCallId }) => toolCallId)).toEqual(started);
});

test("what a run's usage events sum up to is what the program charges for it, calls outside of the stream included", () => {
  const { events } = translateAll(linesOf("two_turns_one_process"));
  const usages = ofType(events, "usage");
  const sum = (field: "inputTokens" | "outputTokens" | "costUsd"): number =>
    usages.reduce((total, usage) => total + (usage[field] ?? 0), 0);
  expect({ input: sum("inputTokens"), output: sum("outputTokens"), cost: sum("costUsd") }).toEqual({
    input: 4000,
    output: 128,
    cost: 0.01248,
  });
  expect(ofType(events, "turn")).toHaveLength(2);
});

test("a model without a known price gives tokens and no cost", () => {
  const usage = { inputTokens: 5, outputTokens: 7, costUSD: 0.5, costBasis: "unknown" };
  const { events } = translateAll([
    {
      type: "result",
      subtype: "success",
      is_error: false,
      model_usage_since_last_result: { "some-model": usage },
    },
  ]);
  expect(ofType(events, "usage")).toMatchObject([
    { model: "some-model", inputTokens: 5, outputTokens: 7, costUsd: null, costBasis: null },
  ]);
});

test("a turn that ends without a result leaves no tool open, no text half told and no cost made up", () => {
  const lines = linesOf("tools");
  const firstResult = lines.findIndex((line) => (line as { type: string }).type === "user");
  const { state } = translateAll(lines.slice(0, firstResult));
  const { events } = endRun(state);
  expect(ofType(events, "tool.finished")).toMatchObject([
    { name: "Bash", ok: false, output: null },
  ]);
  const cut = translateAll(linesOf("simple").slice(0, 5));
  expect(ofType(endRun(cut.state).events, "message.retracted")).toHaveLength(1);
  const whole = translateAll(
    linesOf("simple").filter((line) => (line as { type: string }).type !== "result"),
  );
  expect(ofType(endRun(whole.state).events, "usage")).toMatchObject([
    { inputTokens: 0, costUsd: null },
  ]);
});

const toolUse = (
  id: string,
  name: string,
  input: unknown,
  parent: string | null = null,
): unknown => ({
  type: "assistant",
  message: { id: `msg_${id}`, model: "m", content: [{ type: "tool_use", id, name, input }] },
  parent_tool_use_id: parent,
});
const toolResult = (
  id: string,
  structured: unknown,
  isError = false,
  content: unknown = "text",
): unknown => ({
  type: "user",
  message: { content: [{ type: "tool_result", tool_use_id: id, content, is_error: isError }] },
  tool_use_result: structured,
});

test("tasks made and changed one by one become a plan, and a later run goes on with it", () => {
  const { state, events } = translateAll([
    toolUse("a", "TaskCreate", {}),
    toolResult("a", { task: { id: "1", subject: "Look" } }),
    toolUse("b", "TaskCreate", {}),
    toolResult("b", { task: { id: "2", subject: "Leap" } }),
    toolUse("c", "TaskUpdate", {}),
    toolResult("c", {
      success: true,
      taskId: "1",
      statusChange: { from: "pending", to: "completed" },
    }),
  ]);
  const last = ofType(events, "plan.updated").at(-1);
  expect(last?.steps).toEqual([
    { text: "Look", status: "completed" },
    { text: "Leap", status: "pending" },
  ]);
  const later = translateAll(
    [
      toolUse("d", "TaskUpdate", {}),
      toolResult("d", { taskId: "2", statusChange: { to: "deleted" } }),
    ],
    beginRun(state.plan),
  );
  expect(ofType(later.events, "plan.updated")[0]?.steps[1]).toEqual({
    text: "Leap",
    status: "cancelled",
  });
});

test("exit codes are those that the program gives in a fixed form, never guessed", () => {
  const ran = { stdout: "", stderr: "", interrupted: false };
  const codes = [
    toolResult("a", ran),
    toolResult("a", { ...ran, returnCodeInterpretation: "No matches found" }),
    toolResult("a", { ...ran, interrupted: true }),
    toolResult("a", "Error: Exit code 3\nout", true),
    toolResult("a", "Error: user said no, Exit code 3", true),
  ].map(
    (result) =>
      ofType(translateAll([toolUse("a", "Bash", {}), result]).events, "tool.finished")[0]?.exitCode,
  );
  expect(codes).toEqual([0, null, null, 3, null]);
});

test("an image that a tool shows to the model does not put its bytes into the journal", () => {
  const image = {
    type: "image",
    source: { type: "base64", media_type: "image/png", data: "A".repeat(1000) },
  };
  const { events } = translateAll([toolUse("a", "Read", {}), toolResult("a", {}, false, [image])]);
  expect(ofType(events, "tool.finished")[0]?.output).toEqual([
    { type: "image", mediaType: "image/png", base64Bytes: 1000 },
  ]);
});

test("a sub-agent's tools are told and its words are not, for they come back as its tool's output", () => {
  const words = {
    type: "assistant",
    message: { id: "m2", model: "m", content: [{ type: "text", text: "hi" }] },
    parent_tool_use_id: "task",
  };
  const { events } = translateAll([
    toolUse("task", "Agent", {}),
    toolUse("inner", "Bash", {}, "task"),
    words,
    toolResult("inner", {}),
  ]);
  expect(events.map((event) => event.type)).toEqual([
    "tool.started",
    "tool.started",
    "tool.finished",
  ]);
});

test("lines of an unknown kind, or that do not fit their kind, come through whole", () => {
  const odd = [
    { type: "system", subtype: "brand_new", x: 1 },
    { type: "assistant", message: 7 },
    "text",
    null,
    { type: "stream_event", event: { type: "new_kind" } },
  ];
  expect(translateAll(odd).events).toEqual(odd.map((data) => ({ type: "unmapped", data })));
});

test("a result ends the turn however odd it is", () => {
  expect(translateAll([{ type: "result" }]).endings).toMatchObject([{ code: "agent_failed" }]);
});

test.each([
  [{ subtype: "success", is_error: true, api_error_status: 429 }, "rate_limited", 429],
  [{ subtype: "success", is_error: true, api_error_status: 403 }, "forbidden", 403],
  [{ subtype: "success", is_error: true, api_error_status: 529 }, "overloaded", 529],
  [{ subtype: "success", is_error: true, api_error_status: 500 }, "server_error", 500],
  [
    { subtype: "success", is_error: true, api_error_status: 400, result: "Prompt is too long" },
    "context_exceeded",
    400,
  ],
  [{ subtype: "success", is_error: true, api_error: "max_output_tokens" }, "max_tokens", null],
  [
    { subtype: "success", is_error: true, api_error: "connection_failed" },
    "connection_failed",
    null,
  ],
  [
    { subtype: "error_max_budget_usd", is_error: true, errors: ["Reached maximum budget"] },
    "budget_exhausted",
    null,
  ],
  [{ subtype: "error_max_structured_output_retries", is_error: true }, "schema_mismatch", null],
])("the result %j is the failure %s", (fields, code, status) => {
  expect(translateAll([{ type: "result", ...fields }]).endings).toMatchObject([
    { code, data: { status } },
  ]);
});
