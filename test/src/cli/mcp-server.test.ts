import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mcpServersOf } from "../../../src/cli/mcp-server.ts";

test("a server is given by its address, or by its command with quoted words", async () => {
  expect(
    await mcpServersOf(["docs=https://example.com/mcp?a=b", `own=node "my server.js" --x=1`]),
  ).toEqual([
    { type: "http", name: "docs", url: "https://example.com/mcp?a=b" },
    { type: "stdio", name: "own", command: "node", args: ["my server.js", "--x=1"] },
  ]);
});

test("a file that other programs read too gives all of its servers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "harnessd-mcp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, ".mcp.json");
  const mcpServers = {
    a: { command: "npx", args: ["a-server"], env: { KEY: "v" } },
    b: { type: "http", url: "https://example.com/b", headers: { "X-A": "1" } },
  };
  writeFileSync(file, JSON.stringify({ mcpServers }));
  expect(await mcpServersOf([file])).toEqual([
    { type: "stdio", name: "a", command: "npx", args: ["a-server"], env: { KEY: "v" } },
    { type: "http", name: "b", url: "https://example.com/b", headers: { "X-A": "1" } },
  ]);
  writeFileSync(file, JSON.stringify({ mcpServers: { c: {} } }));
  await expect(mcpServersOf([file])).rejects.toThrow("c has neither a url nor a command");
});
