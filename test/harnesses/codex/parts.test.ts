// The small parts of the Codex adapter, each for itself.
import { array, assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { Channel } from "../../../harnesses/codex/channel.ts";
import { failureOf } from "../../../harnesses/codex/failures.ts";
import { isStrict } from "../../../harnesses/codex/prompt.ts";
import { answerTo } from "../../../harnesses/codex/questions.ts";
import { Routes } from "../../../harnesses/codex/routes.ts";
import { splitWords, unwrapShell } from "../../../harnesses/codex/shell-words.ts";
import { Steering } from "../../../harnesses/steering.ts";
import { selectTools } from "../../../harnesses/codex/tool-selection.ts";
import { TurnLimit } from "../../../harnesses/turn-limit.ts";
import type { Prompt } from "../../../harnesses/content.ts";
import type { HarnessEvent } from "../../../harnesses/events.ts";
import { InputQueue } from "../../../harnesses/input-queue.ts";

const text = (words: string): Prompt => [{ type: "text", text: words }];

test("a command is shown without the shell that wraps it, exactly as it will run", () => {
  expect(unwrapShell("/bin/bash -c ls")).toBe("ls");
  expect(unwrapShell("/bin/bash -lc 'echo hello > a.txt && cat a.txt'")).toBe(
    "echo hello > a.txt && cat a.txt",
  );
  expect(unwrapShell(`/bin/bash -c "echo 'it'\\"'\\"'s' \\"two\\"; exit 3"`)).toBe(
    `echo 'it'"'"'s' "two"; exit 3`,
  );
  expect(unwrapShell("/bin/bash -c 'unended")).toBe("/bin/bash -c 'unended");
  expect(unwrapShell("git log -c")).toBe("git log -c");
});

test("any words survive quoting for a shell", () => {
  const quote = (word: string): string => `'${word.replaceAll("'", `'"'"'`)}'`;
  const anyWords = array(string(), { minLength: 1 });
  assert(
    property(anyWords, (words) => {
      expect(splitWords(words.map(quote).join(" "))).toEqual(words);
    }),
  );
});

test.for([
  [{ httpConnectionFailed: { httpStatusCode: 401 } }, "unauthorized"],
  [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, "rate_limited"],
  [{ httpConnectionFailed: { httpStatusCode: 503 } }, "overloaded"],
  [{ httpConnectionFailed: { httpStatusCode: null } }, "connection_failed"],
  ["serverOverloaded", "overloaded"],
  ["contextWindowExceeded", "context_exceeded"],
  ["somethingNew", "agent_failed"],
  [null, "agent_failed"],
] as const)("a turn that failed with %j is told of as %s", ([codexErrorInfo, code]) => {
  expect(failureOf({ message: "no", codexErrorInfo }, null)).toMatchObject({ code, message: "no" });
});

test("where the last word is only other, the retry before it says what went wrong", () => {
  const retry = {
    message: "Reconnecting... 1/1",
    codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: null } },
  };
  expect(failureOf({ message: "cut", codexErrorInfo: "other" }, retry).code).toBe(
    "connection_failed",
  );
});

test("a 400, of which Codex gives only the answer's body, is a bad request in the server's own words", () => {
  const failure = failureOf(
    { message: '{"error":{"message":"schema is wrong"}}', codexErrorInfo: "other" },
    null,
  );
  expect(failure).toMatchObject({ code: "invalid_request", data: { status: 400 } });
  expect(failure.message).toContain("schema is wrong");
});

test("the turn limit is passed by a last turn that calls a tool, or by any work after it", () => {
  const turn: HarnessEvent = { type: "turn" };
  const tool: HarnessEvent = {
    type: "tool.started",
    toolCallId: "c",
    name: "exec_command",
    kind: "execute",
    input: {},
  };
  const said: HarnessEvent = { type: "message", messageId: "m", text: "Done." };
  const passes = (maxTurns: number, ...events: HarnessEvent[]): boolean => {
    const limit = new TurnLimit(maxTurns);
    return events.some((event) => limit.isPassedBy(event));
  };
  expect(passes(2, tool, turn, said, turn)).toBe(false);
  expect(passes(1, tool, turn)).toBe(true);
  expect(passes(1, turn, tool)).toBe(true);
  expect(passes(1, said, turn)).toBe(false);
});

test("a full channel makes the writer wait, and gives everything in order", async () => {
  const channel = new Channel();
  let written = 0;
  const writing = (async () => {
    for (; written < 10_000; written++) await channel.push({ method: String(written), params: {} });
  })();
  await new Promise(setImmediate);
  expect(written).toBeLessThan(5000);
  for (let read = 0; read < 10_000; read++)
    expect((await channel.next()).method).toBe(String(read));
  await writing;
});

test("a channel that fails still gives what had come, then says why", async () => {
  const channel = new Channel();
  await channel.push({ method: "last", params: {} });
  channel.fail(new Error("gone"));
  expect((await channel.next()).method).toBe("last");
  await expect(channel.next()).rejects.toThrow("gone");
  expect(await new Channel().nextWithin(5)).toBeNull();
});

test("a sub-agent's thread goes where the turn that began it goes, and nowhere once that run is over", () => {
  const routes = new Routes();
  const channel = routes.open("root");
  const started = (threadId: string, id: string, rootTurnId: string) =>
    routes.find({
      method: "turn/started",
      params: { threadId, turn: { id, status: "inProgress", rootTurnId } },
    });
  expect(started("root", "u1", "u1")).toBe(channel);
  expect(started("child", "u2", "u1")).toBe(channel);
  expect(started("stranger", "u3", "u3")).toBeUndefined();
  expect(routes.threadsOf(channel)).toEqual(["root", "child"]);
  routes.close(channel);
  expect(routes.find({ method: "item/started", params: { threadId: "child" } })).toBeUndefined();
});

test("what is said of a thread before the answer that names it is heard, and is not kept for ever", async () => {
  const routes = new Routes();
  const failed = {
    method: "mcpServer/startupStatus/updated",
    params: { threadId: "new", name: "broken", status: "failed" },
  };
  routes.keep(failed);
  const expected = routes.expectThread();
  routes.keep({ ...failed, params: { ...failed.params, threadId: "other" } });
  routes.keep(failed);
  const channel = routes.open("new");
  expect(await channel.nextWithin(10)).toEqual(failed);
  expect(await channel.nextWithin(10)).toBeNull();
  expected[Symbol.dispose]();
  expect(await routes.open("other").nextWithin(10)).toBeNull();
});

test("input that a turn refuses is kept for a turn of its own, in order", async () => {
  const queue = new InputQueue();
  const steering = new Steering(queue);
  const given: Prompt[] = [];
  steering.give = (prompt) =>
    given.length < 1 ? Promise.resolve(void given.push(prompt)) : Promise.reject(new Error("over"));
  for (const words of ["one", "two", "three"]) queue.push(text(words));
  await new Promise(setImmediate);
  expect(await steering.rest()).toEqual([...text("two"), ...text("three")]);
  expect(given).toEqual([text("one")]);
  expect(queue.push(text("four"))).toBe(true);
  expect(await steering.rest()).toEqual(text("four"));
  expect(await steering.rest()).toBeNull();
  expect(queue.push(text("five"))).toBe(false);
  await steering.close();
});

test("a schema is strict when every object is closed and wants all of its properties", () => {
  const closed = {
    type: "object",
    properties: { a: { type: "string" } },
    required: ["a"],
    additionalProperties: false,
  };
  expect(isStrict(closed)).toBe(true);
  expect(isStrict({ ...closed, required: [] })).toBe(false);
  expect(isStrict({ ...closed, properties: { a: { type: "object", properties: {} } } })).toBe(
    false,
  );
  expect(isStrict({ type: "array", items: closed })).toBe(false);
});

const choose = (allowedTools: string[] | undefined, deniedTools: string[], mustAsk = false) =>
  selectTools({ allowedTools, deniedTools, mustAsk });

test("tools are offered unless denied, and denied wins over allowed", () => {
  expect(choose(undefined, [])).toMatchObject({
    features: {},
    webSearch: true,
    plan: true,
    mustAsk: false,
  });
  const denied = choose(["exec_command", "web_search"], ["exec_command"]);
  expect(denied.features).toMatchObject({
    shell_tool: false,
    unified_exec: false,
    view_image: false,
  });
  expect([
    denied.webSearch,
    denied.plan,
    denied.declines("exec_command"),
    denied.declines("apply_patch"),
  ]).toEqual([true, false, true, true]);
  expect(denied.mustAsk).toBe(true);
});

test("where permissions must be asked for, what Codex does not ask for is not offered", () => {
  expect(choose(undefined, [], true)).toMatchObject({
    features: { view_image: false, image_generation: false },
    webSearch: false,
  });
});

test("an MCP server's tools are listed as they are allowed and denied", () => {
  expect(choose(undefined, []).forServer("probe")).toEqual({});
  expect(choose(["mcp__probe"], ["mcp__probe__b"]).forServer("probe")).toEqual({
    disabled_tools: ["b"],
  });
  expect(choose(["mcp__probe__a"], []).forServer("probe")).toEqual({ enabled_tools: ["a"] });
  expect(choose([], []).forServer("probe")).toEqual({ enabled_tools: [] });
  expect(choose(undefined, ["mcp__probe__*"]).forServer("probe")).toEqual({ enabled_tools: [] });
  expect(choose(["mcp__other__a"], []).forServer("probe")).toEqual({ enabled_tools: [] });
});

test("an input that was rewritten is declined, since Codex cannot run it", async () => {
  const message = {
    id: 0,
    method: "item/commandExecution/requestApproval",
    params: { itemId: "c", command: "ls", cwd: "/w" },
  };
  const asking = { tools: choose(undefined, [], true), openTools: new Map() };
  const answer = (input?: unknown) =>
    answerTo(message, {
      ...asking,
      askPermission: () => Promise.resolve({ decision: "allow", input }),
    });
  expect(await answer()).toEqual({ decision: "accept" });
  expect(await answer({ command: "ls", cwd: "/w" })).toEqual({ decision: "accept" });
  expect(await answer({ command: "ls -a", cwd: "/w" })).toEqual({ decision: "decline" });
});

test("questions for a person who is not there get no for an answer, and unknown ones none", async () => {
  const asking = {
    tools: choose(undefined, []),
    openTools: new Map(),
    askPermission: () => Promise.resolve({ decision: "allow" as const }),
  };
  expect(
    await answerTo(
      { id: 1, method: "mcpServer/elicitation/request", params: { serverName: "probe" } },
      asking,
    ),
  ).toMatchObject({
    action: "decline",
  });
  expect(
    await answerTo({ id: 2, method: "item/tool/requestUserInput", params: {} }, asking),
  ).toEqual({ answers: {} });
  expect(await answerTo({ id: 3, method: "item/brandNew/request", params: {} }, asking)).toBeNull();
});
