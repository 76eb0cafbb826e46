import { expect, test } from "vitest";
import { claudeCode } from "../../../../harnesses/claude-code.ts";
import { codex } from "../../../../harnesses/codex.ts";
import type { Harness } from "../../../../harnesses/harness.ts";
import { native } from "../../../../harnesses/native.ts";
import { opencode } from "../../../../harnesses/opencode.ts";
import { tools } from "../../../../tools/index.ts";
import { refuseUnknownTools } from "../../../../src/runs/admission/tool-names.ts";

const http = (name: string) => ({
  type: "http" as const,
  name,
  url: "http://127.0.0.1:1",
  headers: {},
});
const mcpServers = [http("probe"), http("my.server")];

interface Lists {
  readonly allowedTools?: string[];
  readonly deniedTools?: string[];
}

function check(harness: Harness, { allowedTools, deniedTools = [] }: Lists): void {
  refuseUnknownTools({ allowedTools, deniedTools, mcpServers }, tools, harness);
}

test.each([
  [
    "native",
    native,
    [
      "shell_exec",
      "plan_update",
      "mcp__probe__echo",
      "mcp__probe",
      "mcp__probe__*",
      "mcp__my_server__x",
    ],
  ],
  [
    "claude-code",
    claudeCode,
    ["Bash", "Bash(git *)", "AskUserQuestion", "mcp__probe__echo", "mcp__probe"],
  ],
  ["codex", codex, ["exec_command", "update_plan", "mcp__probe__echo", "mcp__probe"]],
  ["opencode", opencode, ["bash", "apply_patch", "probe_echo", "probe_*", "my_server_x"]],
])("%s takes its own names and those of the run's MCP servers", (_, harness, names) => {
  expect(() => check(harness, { allowedTools: names })).not.toThrow();
  expect(() => check(harness, { deniedTools: names })).not.toThrow();
  expect(() => check(harness, {})).not.toThrow();
});

test.each([
  ["native", native, ["Bash", "shell_exec(git *)", "mcp__other__echo", "mcp__prob", "probe_echo"]],
  [
    "claude-code",
    claudeCode,
    ["bash", "shell_exec", "mcp__probes__echo", "probe_echo", "Bash(git"],
  ],
  ["codex", codex, ["Bash", "mcp__other__echo", "probe_echo"]],
  ["opencode", opencode, ["Bash", "bash(git *)", "mcp__probe__echo", "probe", "other_echo"]],
])("%s has every other name refused, wherever it stands", (_, harness, names) => {
  const refusal = expect.objectContaining({
    message: expect.stringContaining(`${harness.title} has no tool ${names.join(", ")}`),
    code: "unknown_tool",
    data: expect.objectContaining({ unknown: names }),
  });
  expect(() => check(harness, { allowedTools: names })).toThrow(refusal);
  expect(() => check(harness, { deniedTools: names })).toThrow(refusal);
});

test("a harness that does not tell its tools takes any name", () => {
  const { ownTools: _, ...untold } = codex;
  expect(() => check(untold, { deniedTools: ["whatever"] })).not.toThrow();
});
