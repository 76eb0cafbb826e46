// MCP servers that a run brings along: offered, asked for, and ended with the run.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { McpServer as SdkServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { McpServer } from "../../../../harnesses/harness.ts";
import { native } from "../../../../harnesses/native.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../../../scripted-model/scripted-model.ts";
import { accessTo, eventsOf, TestBox, type RunWishes } from "../../harness-context.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/mcp-server.ts", import.meta.url));
let server: ScriptedModel;
let box: TestBox;
let script: PlayedScript;
beforeAll(async () => {
  server = await ScriptedModel.start();
});
afterAll(() => server.close());
beforeEach(async () => {
  box = await TestBox.make();
});
afterEach(() => box.close());

function play(...steps: ScriptStep[]): RunWishes {
  script = server.script("mcp", steps, { strict: true });
  return {
    model: "anthropic/claude-opus-5-5",
    modelAccess: accessTo(script, "anthropic-messages"),
    tools: [],
    mcpServers: [sums()],
  };
}

const pidFile = (): string => join(box.directory, "pid");
const sums = (mode = "serve"): McpServer => ({
  type: "stdio",
  name: "sums",
  command: process.execPath,
  args: [FIXTURE, pidFile(), mode],
  env: { SUMS_UNIT: "apples" },
});
const add: ScriptStep = {
  calls: [{ intent: "mcp", server: "sums", tool: "add", input: { a: 2, b: 3 } }],
};

async function serverIsGone(): Promise<boolean> {
  const pid = Number(await readFile(pidFile(), "utf8"));
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test("a stdio server's tools are offered, called and its process ended with the run", async () => {
  const { events, error } = await box.run(native, play(add, { text: "Five." }));
  expect(error).toBeUndefined();
  expect(eventsOf(events, "tool.started")).toMatchObject([
    { name: "mcp__sums__add", kind: "other", input: { a: 2, b: 3 } },
  ]);
  expect(eventsOf(events, "tool.finished")).toMatchObject([
    { ok: true, output: { content: "5 apples" } },
  ]);
  expect((await script.arrival(2)).asked?.toolResults).toEqual(["5 apples"]);
  expect(await serverIsGone()).toBe(true);
});

test("a tool that reports an error, or is called wrongly, is an answer", async () => {
  const calls = [
    { intent: "mcp" as const, server: "sums", tool: "fail", input: {} },
    { intent: "mcp" as const, server: "sums", tool: "add", input: { a: "two" } },
  ];
  const { events, error } = await box.run(native, play({ calls }, { text: "I see." }));
  expect(error).toBeUndefined();
  expect(eventsOf(events, "tool.finished").map(({ ok }) => ok)).toEqual([false, false]);
  expect((await script.arrival(2)).asked?.toolResults[0]).toContain("out of numbers");
});

test.each(["die", "no-such-program"])(
  "a server that fails to start (%s) is a notice, and the run goes on",
  async (mode) => {
    const broken: McpServer =
      mode === "die"
        ? sums("die")
        : { type: "stdio", name: "sums", command: "/no/such/program", args: [], env: {} };
    const { events, error } = await box.run(native, {
      ...play({ text: "Without it." }),
      mcpServers: [broken],
    });
    expect(error).toBeUndefined();
    expect(eventsOf(events, "notice")).toMatchObject([
      { code: "mcp_server_failed", data: { server: "sums" } },
    ]);
    expect(events.at(-1)).toEqual({ type: "result", text: "Without it." });
  },
);

test("a cancel while a server is silent at its start ends at once, and ends the server", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("cancelled")), 300);
  const before = Date.now();
  const { error } = await box.run(native, {
    ...play(),
    mcpServers: [sums("mute")],
    signal: controller.signal,
  });
  expect(error).toMatchObject({ message: "cancelled" });
  expect(Date.now() - before).toBeLessThan(3_000);
});

test("a cancel while a server's tool runs accounts for the call", async () => {
  const controller = new AbortController();
  const waiting: ScriptStep = {
    calls: [{ intent: "mcp", server: "sums", tool: "wait", input: {} }],
  };
  const { events, error } = await box.run(
    native,
    { ...play(waiting), signal: controller.signal },
    (event) => {
      if (event.type === "tool.started")
        setTimeout(() => controller.abort(new Error("cancelled")), 50);
    },
  );
  expect(error).toMatchObject({ message: "cancelled" });
  expect(eventsOf(events, "tool.finished")).toMatchObject([
    { ok: false, output: { code: "cancelled" } },
  ]);
  expect(await serverIsGone()).toBe(true);
});

test("where calls must be asked for, a denied one is not made and an allowed one takes the changed input", async () => {
  const answers = [
    { decision: "deny" as const, reason: "no sums today" },
    { decision: "allow" as const, input: { a: 20, b: 22 } },
  ];
  const askPermission = () =>
    Promise.resolve(answers.shift() ?? { decision: "deny" as const, reason: "asked too often" });
  const { events } = await box.run(native, {
    ...play(add, add, { text: "Done." }),
    mustAsk: true,
    askPermission,
  });
  expect(eventsOf(events, "tool.finished")).toMatchObject([
    { ok: false, output: { code: "permission_denied", message: "no sums today" } },
    { ok: true, output: { content: "42 apples" } },
  ]);
});

test("withheld tools are not offered, by name or by beginning", async () => {
  await box.run(native, {
    ...play({ text: "ok" }),
    deniedTools: ["mcp__sums__w*", "mcp__sums__fail", "plan_update"],
  });
  expect((await script.arrival(1)).asked?.tools.map(({ name }) => name)).toEqual([
    "mcp__sums__add",
  ]);
});

test("a server over HTTP is called with the run's headers", async () => {
  const seen: (string | undefined)[] = [];
  const http = await serveOverHttp(seen);
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
  const remote: McpServer = {
    type: "http",
    name: "remote",
    url,
    headers: { authorization: "Bearer t" },
  };
  const call: ScriptStep = {
    calls: [{ intent: "mcp", server: "remote", tool: "hello", input: {} }],
  };
  try {
    const { events, error } = await box.run(native, {
      ...play(call, { text: "ok" }),
      mcpServers: [remote],
    });
    expect(error).toBeUndefined();
    expect(eventsOf(events, "tool.finished")).toMatchObject([
      { ok: true, output: { content: "hello" } },
    ]);
    expect(new Set(seen)).toEqual(new Set(["Bearer t"]));
  } finally {
    http.closeAllConnections();
    http.close();
  }
});

async function serveOverHttp(seen: (string | undefined)[]): Promise<Server> {
  const http = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const mcp = new SdkServer({ name: "remote", version: "1" });
    mcp.registerTool("hello", { description: "Greets." }, () => ({
      content: [{ type: "text", text: "hello" }],
    }));
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    void mcp.connect(transport as Transport).then(() => transport.handleRequest(request, response));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return http;
}
