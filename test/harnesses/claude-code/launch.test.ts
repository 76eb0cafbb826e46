import { afterAll, beforeAll, expect, test } from "vitest";
import { planLaunch, type Launch } from "../../../harnesses/claude-code/launch.ts";
import type { McpServer } from "../../../harnesses/harness.ts";
import { TestBox, type RunWishes } from "../harness-context.ts";

let box: TestBox;

beforeAll(async () => {
  box = await TestBox.make();
});

afterAll(() => box.close());

const access = {
  provider: "anthropic",
  dialect: "anthropic-messages" as const,
  model: "m",
  baseUrl: "http://127.0.0.1:1",
  apiKey: "run-token",
};
const server = (secret: string): McpServer => ({
  type: "stdio",
  name: "s",
  command: "serve",
  args: [],
  env: { SECRET: secret },
});

function plan(wishes: RunWishes = {}): Launch {
  return planLaunch(box.context({ modelAccess: () => access, ...wishes }));
}

/** The values that follow a flag, up to the next one. */
function valuesOf(args: readonly string[], flag: string): readonly string[] {
  const rest = args.slice(args.indexOf(flag) + 1);
  const next = rest.findIndex((each) => each.startsWith("--"));
  return args.includes(flag) ? rest.slice(0, next < 0 ? undefined : next) : [];
}

test("runs that want the same can share a process, whatever their ids", () => {
  const [first, second] = [
    plan({ runId: "run_a", mcpServers: [server("x")] }),
    plan({ runId: "run_b", mcpServers: [server("x")] }),
  ];
  expect(second.fingerprint).toBe(first.fingerprint);
  expect(second.directory).not.toBe(first.directory);
});

test.each<[string, RunWishes]>([
  ["another key", { modelAccess: () => ({ ...access, apiKey: "other" }) }],
  ["another server", { modelAccess: () => ({ ...access, baseUrl: "http://127.0.0.1:2" }) }],
  ["another model", { modelAccess: () => ({ ...access, model: "n" }) }],
  ["permissions to ask for", { mustAsk: true }],
  ["a system prompt", { systemPrompt: "Be brief." }],
  ["an MCP server", { mcpServers: [server("x")] }],
  ["a schema", { schema: { type: "object" } }],
  ["a variable for its commands", { env: { NAME: "value" } }],
  ["another directory", { cwd: "/" }],
  ["a limit on turns", { limits: { maxTurns: 3 } }],
  ["a budget of its own", { limits: { maxCostUsd: 1 } }],
])("a run with %s needs another process", (_, wishes) => {
  expect(plan(wishes).fingerprint).not.toBe(plan().fingerprint);
});

test("an MCP server's secret that changed needs another process", () => {
  expect(plan({ mcpServers: [server("x")] }).fingerprint).not.toBe(
    plan({ mcpServers: [server("y")] }).fingerprint,
  );
});

test("no secret and no prompt stands in the arguments", () => {
  const { args } = plan({ mcpServers: [server("s3cret")], systemPrompt: "a private prompt" });
  expect(args.join(" ")).not.toMatch(/s3cret|run-token|private/);
});

test("the process does not bear the run's marker, and its commands' environment cannot turn it to another server", () => {
  const marker = box.processes.markerOf("run_x");
  const { env } = plan({
    runId: "run_x",
    env: {
      ...marker,
      ANTHROPIC_BASE_URL: "http://elsewhere",
      CLAUDE_CODE_USE_BEDROCK: "1",
      ANTHROPIC_AUTH_TOKEN: "t",
      KEPT: "yes",
    },
  });
  expect(Object.keys(env)).not.toEqual(expect.arrayContaining(Object.keys(marker)));
  expect(env).toMatchObject({
    KEPT: "yes",
    ANTHROPIC_BASE_URL: "http://127.0.0.1:1",
    ANTHROPIC_API_KEY: "run-token",
  });
  expect(env).not.toHaveProperty("CLAUDE_CODE_USE_BEDROCK");
  expect(env).not.toHaveProperty("ANTHROPIC_AUTH_TOKEN");
});

test("a list of allowed tools may be empty, and leaves MCP tools to the run's servers", () => {
  const mcpServers = [{ type: "http", name: "s", url: "http://127.0.0.1:1", headers: {} }] as const;
  expect(valuesOf(plan({ allowedTools: ["mcp__s__t"], mcpServers }).args, "--tools")).toEqual([""]);
  expect(valuesOf(plan({ allowedTools: ["Bash", "Read"] }).args, "--tools")).toEqual(["Bash,Read"]);
  expect(plan().args).not.toContain("--tools");
  expect(valuesOf(plan({ deniedTools: ["Bash(git push *)"] }).args, "--disallowedTools")).toContain(
    "Bash(git push *)",
  );
});

test("its own options are checked, and an unknown one is refused", () => {
  expect(plan({ options: { maxRetries: 0, toolSearch: true } }).env).toMatchObject({
    CLAUDE_CODE_MAX_RETRIES: "0",
    ENABLE_TOOL_SEARCH: "true",
  });
  expect(
    valuesOf(plan({ options: { settingSources: ["project"] } }).args, "--setting-sources"),
  ).toEqual(["project"]);
  expect(() => plan({ options: { unknown: 1 } })).toThrow(/unknown/i);
});

test("the directory is short enough for a socket's path", () => {
  expect(plan().directory.length - box.stateDir.length).toBeLessThan(25);
});

test("a pattern on a tool is passed on", () => {
  expect(valuesOf(plan({ deniedTools: ["Bash(rm *)"] }).args, "--disallowedTools")).toContain(
    "Bash(rm *)",
  );
});

test("a schema that no argument can hold goes by file, behind the caller's own system prompt", () => {
  const schema = { type: "object", description: "x".repeat(232_000) };
  const { args, files } = plan({ schema, systemPrompt: "Be brief." });
  expect(args).not.toContain("--json-schema");
  expect(Math.max(...args.map((each) => Buffer.byteLength(each)))).toBeLessThan(128 * 1024);
  expect(valuesOf(args, "--append-system-prompt-file")).toHaveLength(1);
  expect(files["system-prompt.md"]).toMatch(/^Be brief\./);
  expect(files["system-prompt.md"]).toContain(JSON.stringify(schema));
});
