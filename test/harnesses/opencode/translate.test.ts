// Recorded streams of the real program, and what they mean; `vitest -u` rewrites the meaning, to be read before it is kept.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HarnessEvent } from "../../../harnesses/events.ts";
import { ServerEvent } from "../../../harnesses/opencode/protocol.ts";
import { Translator } from "../../../harnesses/opencode/translate.ts";
import { eventsOf } from "../harness-context.ts";

const golden = join(import.meta.dirname, "golden");
const recordings = readdirSync(golden).filter((name) => name.endsWith(".jsonl"));

interface Told {
  readonly events: readonly HarnessEvent[];
  readonly translator: Translator;
}

function tell(events: readonly ServerEvent[], sessionId = "ses_1"): Told {
  const translator = new Translator(sessionId, "mock/mock-model");
  return { events: events.flatMap((event) => [...translator.translate(event)]), translator };
}

function tellRecording(name: string): Told {
  const lines = readFileSync(join(golden, name), "utf8").trim().split("\n");
  const events = lines.map((line) => ServerEvent.parse(JSON.parse(line)));
  const created = events.find((event) => event.type === "session.created")!;
  return tell(events, String(created.properties["sessionID"]));
}

test.for(recordings)("%s means what it meant", async (name) => {
  const { events, translator } = tellRecording(name);
  const { answer, structured, finish, failure } = translator;
  const lines = [
    ...events.map((event) => HarnessEvent.parse(event)),
    { answer, structured, finish, failure },
  ].map((each) => JSON.stringify(each));
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(join(golden, `${name}.events`));
});

test.for(recordings)("%s leaves nothing unmapped, unclosed or uncontained", (name) => {
  const { events } = tellRecording(name);
  expect(eventsOf(events, "unmapped")).toEqual([]);
  const idsOf = (type: "tool.started" | "tool.finished"): string[] =>
    eventsOf(events, type).map((event) => event.toolCallId);
  expect(new Set(idsOf("tool.started")).size).toBe(idsOf("tool.started").length);
  expect(idsOf("tool.started")).toEqual(expect.arrayContaining(idsOf("tool.finished")));
  for (const { messageId, text } of [
    ...eventsOf(events, "message"),
    ...eventsOf(events, "reasoning"),
  ]) {
    const deltas = [...eventsOf(events, "message.delta"), ...eventsOf(events, "reasoning.delta")];
    expect(
      deltas.flatMap((delta) => (delta.messageId === messageId ? [delta.text] : [])).join(""),
    ).toBe(text);
  }
});

const inSession = { sessionID: "ses_1" };
const event = (type: string, properties: Record<string, unknown>): ServerEvent => ({
  type,
  properties,
});
const part = (fields: Record<string, unknown>): ServerEvent =>
  event("message.part.updated", {
    part: { id: "prt_1", messageID: "msg_2", ...inSession, ...fields },
  });
const user = event("message.updated", {
  ...inSession,
  info: { id: "msg_1", role: "user", ...inSession },
});
const reply = (fields: Record<string, unknown> = {}): ServerEvent =>
  event("message.updated", {
    ...inSession,
    info: { id: "msg_2", role: "assistant", parentID: "msg_1", ...inSession, ...fields },
  });
const bash = (state: Record<string, unknown>): ServerEvent =>
  part({ type: "tool", tool: "bash", callID: "call_1", state });

test("the user's own words and other sessions' events are not the run's", () => {
  const { events } = tell([
    user,
    part({ type: "text", text: "Do it.", messageID: "msg_1", time: { start: 1, end: 2 } }),
    part({ type: "text", text: "other", sessionID: "ses_2", time: { start: 1, end: 2 } }),
    event("plugin.added", { id: "x" }),
  ]);
  expect(events).toEqual([]);
});

test("output is told as it grows, also through a window that moves on", () => {
  const line = (count: number): string => `line ${String(count).padStart(4, "0")} of the output\n`;
  const whole = Array.from({ length: 60 }, (_, count) => line(count)).join("");
  const window = whole.slice(-600);
  const { events } = tell([
    bash({ status: "pending", input: {} }),
    bash({ status: "running", input: { command: "x" }, metadata: { output: line(0) } }),
    bash({
      status: "running",
      input: { command: "x" },
      metadata: { output: whole.slice(0, 1200) },
    }),
    bash({ status: "running", input: { command: "x" }, metadata: { output: window } }),
    bash({
      status: "completed",
      input: { command: "x" },
      output: "cut",
      metadata: { output: window, exit: 3 },
    }),
    bash({
      status: "completed",
      input: { command: "x" },
      output: "cut",
      metadata: { output: window, exit: 3 },
    }),
  ]);
  expect(eventsOf(events, "tool.started")).toMatchObject([
    { name: "bash", kind: "execute", input: { command: "x" } },
  ]);
  expect(
    eventsOf(events, "tool.output")
      .map((each) => each.text)
      .join(""),
  ).toBe(whole);
  expect(eventsOf(events, "tool.finished")).toMatchObject([
    { ok: false, exitCode: 3, output: { output: "cut" } },
  ]);
});

test("a subagent's tools and costs are the run's, its words are not", () => {
  const child = { sessionID: "ses_child" };
  const tokens = { input: 5, output: 2, reasoning: 1, cache: { read: 3, write: 0 } };
  const { events, translator } = tell([
    event("session.created", { ...child, info: { id: "ses_child", parentID: "ses_1" } }),
    part({ type: "text", text: "to itself", ...child, time: { start: 1, end: 2 } }),
    part({
      type: "tool",
      tool: "grep",
      callID: "call_2",
      state: { status: "running", input: {} },
      ...child,
    }),
    part({ type: "step-finish", reason: "stop", tokens, cost: 0.5, ...child }),
  ]);
  expect(events).toMatchObject([
    { type: "tool.started", name: "grep", kind: "search" },
    {
      type: "usage",
      inputTokens: 8,
      cachedInputTokens: 3,
      outputTokens: 3,
      costUsd: 0.5,
      costBasis: "reported",
    },
    { type: "turn" },
  ]);
  expect(translator.isOurs("ses_child")).toBe(true);
});

test("a retry takes back what was streamed, and an answer ends the count of retries", () => {
  const delta = event("message.part.delta", {
    ...inSession,
    partID: "prt_1",
    messageID: "msg_2",
    field: "text",
    delta: "Half",
  });
  const retry = event("session.status", {
    ...inSession,
    status: { type: "retry", attempt: 1, message: "again", next: 0 },
  });
  const { events, translator } = tell([
    user,
    reply(),
    part({ type: "text", text: "", time: { start: 1 } }),
    delta,
    retry,
  ]);
  expect(eventsOf(events, "message.retracted")).toMatchObject([{ messageId: "prt_1" }]);
  expect(eventsOf(events, "notice")).toMatchObject([{ code: "retry", message: "again" }]);
  expect(translator.retries).toBe(1);
  expect([
    ...translator.translate(part({ id: "prt_2", type: "text", text: "", time: { start: 1 } })),
  ]).toEqual([]);
  expect([
    ...translator.translate({ ...delta, properties: { ...delta.properties, partID: "prt_2" } }),
  ]).toHaveLength(1);
  expect(translator.retries).toBe(0);
});

test("an input is answered once a message follows it, and not before", () => {
  const { translator } = tell([user]);
  expect([translator.inputsTaken, translator.isLastInputAnswered]).toEqual([1, false]);
  expect([...translator.translate(reply())]).toEqual([]);
  expect(translator.isLastInputAnswered).toBe(true);
});

test("what is not known is passed on whole", () => {
  const unknown = event("session.dreamed", { ...inSession, of: "sheep" });
  const { events } = tell([unknown, part({ type: "hologram", beam: 1 })]);
  expect(events).toMatchObject([
    { type: "unmapped", data: unknown },
    { type: "unmapped", data: { properties: { part: { type: "hologram" } } } },
  ]);
});
