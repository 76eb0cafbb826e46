// Recorded streams of the real program, and what they mean; `vitest -u` rewrites the meaning, to be read before it is kept.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Message } from "../../../harnesses/codex/protocol.ts";
import type { ThreadMessage } from "../../../harnesses/codex/protocol.ts";
import { Translator } from "../../../harnesses/codex/translate.ts";
import { HarnessEvent } from "../../../harnesses/events.ts";
import { eventsOf } from "../harness-context.ts";

const golden = join(import.meta.dirname, "golden");
const recordings = readdirSync(golden).filter((name) => name.endsWith(".jsonl"));

function read(name: string): ThreadMessage[] {
  const lines = readFileSync(join(golden, name), "utf8").trim().split("\n");
  return lines.map((line) => Message.parse(JSON.parse(line)) as ThreadMessage);
}

function translateAll(
  messages: readonly ThreadMessage[],
  model = "openai/gpt-5.5",
): HarnessEvent[] {
  const translator = new Translator(String(messages[0]?.params["threadId"]), model);
  const events = messages
    .filter(({ id }) => id === undefined)
    .flatMap((message) => translator.translate(message));
  return [...events, ...translator.finish()];
}

function notification(method: string, params: Record<string, unknown>): ThreadMessage {
  return { method, params: { threadId: "t", turnId: "u", ...params } };
}

test.for(recordings)("%s means what it meant", async (name) => {
  const events = translateAll(read(name)).map((event) => HarnessEvent.parse(event));
  const lines = events.map((event) => JSON.stringify(event)).join("\n");
  await expect(`${lines}\n`).toMatchFileSnapshot(join(golden, `${name}.events`));
});

test.for(recordings)("%s leaves nothing unmapped, unclosed or uncontained", (name) => {
  const events = translateAll(read(name));
  expect(eventsOf(events, "unmapped")).toEqual([]);
  const idsOf = (type: "tool.started" | "tool.finished") =>
    eventsOf(events, type).map((event) => event.toolCallId);
  expect(idsOf("tool.finished").sort()).toEqual(idsOf("tool.started").sort());
  for (const { messageId, text } of [
    ...eventsOf(events, "message"),
    ...eventsOf(events, "reasoning"),
  ]) {
    const deltas = [...eventsOf(events, "message.delta"), ...eventsOf(events, "reasoning.delta")];
    expect(
      deltas.flatMap((delta) => (delta.messageId === messageId ? [delta.text] : [])).join(""),
    ).toBe(text);
  }
  for (const { toolCallId, text } of eventsOf(events, "tool.output")) {
    const finished = eventsOf(events, "tool.finished").find(
      (event) => event.toolCallId === toolCallId,
    )!;
    expect((finished.output as { output: string }).output).toContain(text);
  }
});

test("the sums of a thread are read call by call, once each", () => {
  const usage = (turnId: string, total: number) => {
    const last = { totalTokens: 10, inputTokens: 8, outputTokens: 2 };
    return {
      method: "thread/tokenUsage/updated",
      params: {
        threadId: "t",
        turnId,
        tokenUsage: { total: { ...last, totalTokens: total }, last },
      },
    };
  };
  const begun = notification("turn/started", { turn: { id: "u", status: "inProgress" } });
  // The first is of an earlier run, said again when the thread is resumed; the last is said twice.
  const events = translateAll([
    usage("earlier", 90),
    begun,
    usage("u", 100),
    usage("u", 110),
    usage("u", 110),
  ]);
  expect(events.filter((event) => event.type === "usage")).toHaveLength(2);
  expect(events.filter((event) => event.type === "turn")).toHaveLength(2);
  expect(events[0]).toMatchObject({ scope: "call", inputTokens: 8, outputTokens: 2 });
});

test("what is not known, or not as it should be, comes through whole", () => {
  const unknown = notification("thread/somethingNew", { x: 1 });
  const misshapen = notification("item/completed", { item: "none" });
  const newItem = notification("item/completed", { item: { type: "brandNew", id: "i", x: 1 } });
  expect(translateAll([unknown, misshapen, newItem])).toEqual([
    { type: "unmapped", data: unknown },
    { type: "unmapped", data: misshapen },
    { type: "unmapped", data: { type: "brandNew", id: "i", x: 1 } },
  ]);
});

test("a quick command's output comes whole with its end, and a missing beginning stays in the fact alone", () => {
  const item = {
    type: "commandExecution",
    id: "c",
    command: "ls",
    cwd: "/w",
    status: "completed",
    exitCode: 0,
  };
  const started = notification("item/started", { item });
  const delta = notification("item/commandExecution/outputDelta", { itemId: "c", delta: "two\n" });
  const completed = notification("item/completed", {
    item: { ...item, aggregatedOutput: "one\ntwo\n" },
  });
  const outputs = (messages: ThreadMessage[]) =>
    translateAll(messages).flatMap((event) => (event.type === "tool.output" ? [event.text] : []));
  expect(outputs([started, completed])).toEqual(["one\ntwo\n"]);
  expect(outputs([started, delta, completed])).toEqual(["two\n"]);
});

test("a command whose end was not seen has no exit code", () => {
  const item = {
    type: "commandExecution",
    id: "c",
    command: "ls",
    cwd: "/w",
    status: "failed",
    exitCode: -1,
  };
  expect(translateAll([notification("item/completed", { item })])).toMatchObject([
    { type: "tool.started" },
    { type: "tool.finished", ok: false, exitCode: null },
  ]);
});

test("what had been streamed of an answer that is asked for again is retracted", () => {
  const started = notification("item/started", { item: { type: "agentMessage", id: "m" } });
  const delta = notification("item/agentMessage/delta", { itemId: "m", delta: "Half" });
  const retry = notification("error", {
    error: { message: "Reconnecting... 1/5" },
    willRetry: true,
  });
  expect(translateAll([started, delta, retry])).toEqual([
    { type: "message.delta", messageId: "m", text: "Half" },
    { type: "message.retracted", messageId: "m", reason: "Reconnecting... 1/5" },
    {
      type: "notice",
      code: "retry",
      message: "Reconnecting... 1/5",
      data: { attempt: 1, status: null, reason: "Reconnecting... 1/5" },
    },
  ]);
});

test("summaries and raw reasoning are two texts, each contained in its own fact", () => {
  const item = { type: "reasoning", id: "r" };
  const events = translateAll([
    notification("item/started", { item }),
    notification("item/reasoning/summaryPartAdded", { itemId: "r", summaryIndex: 0 }),
    notification("item/reasoning/summaryTextDelta", { itemId: "r", delta: "One" }),
    notification("item/reasoning/summaryPartAdded", { itemId: "r", summaryIndex: 1 }),
    notification("item/reasoning/summaryTextDelta", { itemId: "r", delta: "Two" }),
    notification("item/reasoning/textDelta", { itemId: "r", delta: "raw" }),
    notification("item/completed", {
      item: { ...item, summary: ["One", "Two"], content: ["raw"] },
    }),
  ]);
  expect(events.filter((event) => event.type === "reasoning")).toEqual([
    { type: "reasoning", messageId: "r", text: "One\n\nTwo" },
    { type: "reasoning", messageId: "r:raw", text: "raw" },
  ]);
  const summary = events.flatMap((event) =>
    event.type === "reasoning.delta" && event.messageId === "r" ? [event.text] : [],
  );
  expect(summary.join("")).toBe("One\n\nTwo");
});
