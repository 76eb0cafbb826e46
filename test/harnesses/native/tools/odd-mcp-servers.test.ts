// MCP servers as they are: what they list and answer must neither refuse the run nor reach the wrong tool.
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { native } from "../../../../harnesses/native.ts";
import type { McpServer } from "../../../../harnesses/harness.ts";
import type { ModelDialect } from "../../../../harnesses/providers.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../../../scripted-model/scripted-model.ts";
import { accessTo, eventsOf, TestBox, type RunWishes } from "../../harness-context.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/odd-mcp-server.ts", import.meta.url));
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const DIALECTS: readonly [ModelDialect, string][] = [
  ["anthropic-messages", "anthropic/claude-opus-5-5"],
  ["openai-responses", "openai/gpt-6-sol"],
  ["openai-chat", "openrouter/some/model"],
];
let server: ScriptedModel;
let box: TestBox;
beforeAll(async () => {
  server = await ScriptedModel.start();
});
afterAll(() => server.close());
beforeEach(async () => {
  box = await TestBox.make();
});
afterEach(() => box.close());

const odd = (mode: string, name = "odd"): McpServer => ({
  type: "stdio",
  name,
  command: process.execPath,
  args: [FIXTURE, mode],
  env: {},
});

describe.each(DIALECTS)("in %s", (dialect, model) => {
  let script: PlayedScript;
  const run = (mode: string, steps: readonly ScriptStep[], wishes: RunWishes = {}) => {
    script = server.script(crypto.randomUUID(), steps, { strict: true });
    return box.run(native, {
      model,
      modelAccess: accessTo(script, dialect),
      tools: [],
      mcpServers: [odd(mode)],
      ...wishes,
    });
  };
  const offered = async () => (await script.arrival(1)).asked?.tools ?? [];
  const call = (tool: string, input: object = {}): ScriptStep => ({ calls: [{ tool, input }] });

  test("schemas that a provider refuses are adapted; a tool whose schema means nothing is left out, and named", async () => {
    const { events, error } = await run("schemas", [
      call("mcp__odd__keys", { filter_id_: "7" }),
      { text: "ok" },
    ]);
    expect(error).toBeUndefined();
    const names = (await offered()).map(({ name }) => name);
    const kept = ["any", "one", "ref", "bare", "keys"].map((name) => `mcp__odd__${name}`);
    expect(names.toSorted()).toEqual([...kept, "plan_update"].toSorted());
    expect(
      Object.keys((await offered()).find(({ name }) => name.endsWith("any"))?.properties ?? {}),
    ).toEqual(["a", "b"]);
    expect((await offered()).find(({ name }) => name.endsWith("any"))?.description).toContain(
      "(a) or (b)",
    );
    expect(eventsOf(events, "notice").map(({ code, data }) => [code, data?.["tool"]])).toEqual([
      ["mcp_tool_left_out", "broken"],
      ["mcp_tool_left_out", "none"],
    ]);
    expect((await script.arrival(2)).asked?.toolResults).toEqual(['keys {"filter[id]":"7"}']);
  });

  test("names that come out alike stay two, are the same in every run, and reach their own tools", async () => {
    const namesOf = async (wishes: RunWishes = {}) => {
      await run("names", [{ text: "ok" }], { deniedTools: ["plan_update"], ...wishes });
      return (await offered()).map(({ name }) => name);
    };
    const names = await namesOf();
    expect(new Set(names).size).toBe(5);
    expect(names[1]).toBe("mcp__odd__get_item");
    expect(names.every((name) => /^[a-zA-Z0-9_-]{1,64}$/.test(name))).toBe(true);
    expect(await namesOf()).toEqual(names);
    const [dotted = "", plain = "", , , second = ""] = names;
    expect(await namesOf({ deniedTools: ["plan_update", plain] })).toEqual(
      names.filter((name) => name !== plain),
    );
    expect(await namesOf({ deniedTools: ["plan_update", "mcp__odd__get.item"] })).toEqual(
      names.filter((name) => name !== dotted),
    );
    await run("names", [
      { calls: [dotted, plain, second].map((tool) => ({ tool, input: {} })) },
      { text: "ok" },
    ]);
    expect((await script.arrival(2)).asked?.toolResults).toEqual([
      "get.item {}",
      "get_item {}",
      expect.stringMatching(/two \{\}$/),
    ]);
  });

  test("permission is asked for under the name that the model calls", async () => {
    await run("names", [{ text: "ok" }]);
    const dotted = (await offered()).find(({ name }) => /get_item_/.test(name))?.name ?? "";
    const asked: string[] = [];
    const { events } = await run("names", [call(dotted), { text: "ok" }], {
      mustAsk: true,
      askPermission: ({ name }) => {
        asked.push(name);
        return Promise.resolve({ decision: "deny", reason: "not this one" });
      },
    });
    expect(asked).toEqual([dotted]);
    expect(eventsOf(events, "tool.finished")).toMatchObject([{ ok: false, name: dotted }]);
  });

  test("images, texts of resources and links reach the model as what they are", async () => {
    const calls = ["image", "wrong_image", "text_resource", "image_resource", "link"].map(
      (name) => ({ tool: `mcp__odd__${name}`, input: {} }),
    );
    const { error } = await run("results", [{ calls }, { text: "Seen." }]);
    expect(error).toBeUndefined();
    const asked = (await script.arrival(2)).asked;
    const body = JSON.stringify(asked?.body);
    expect(body.split(PNG)).toHaveLength(3);
    expect(body).not.toContain('AAAA"');
    const results = asked?.toolResults.join("\n") ?? "";
    expect(results).toContain("cannot be shown");
    expect(results).toContain("remember the milk");
    expect(results).toContain("[A page](https://example.org/a) All about it, text/html");
  });

  test("what a server says of its tools reaches the model", async () => {
    await run("names", [{ text: "ok" }]);
    expect((await script.arrival(1)).asked?.system).toContain(
      "The MCP server odd says of its tools:\nAsk for one thing at a time.",
    );
  });

  test("more tools than the model's server takes are left out by name, and the run goes on", async () => {
    const { events, error } = await run("many", [{ text: "ok" }]);
    expect(error).toBeUndefined();
    const isLimited = dialect !== "anthropic-messages";
    expect(await offered()).toHaveLength(isLimited ? 128 : 151);
    const notices = eventsOf(events, "notice").filter(({ code }) => code === "tools_left_out");
    expect(notices.map(({ data }) => (data?.["tools"] as string[] | undefined)?.length)).toEqual(
      isLimited ? [23] : [],
    );
  });
});
