// The names of OpenCode's tools, its own and those of MCP servers.
import { wordOf } from "../mcp-names.ts";

/** OpenCode's own. What it offers for a file's changes depends on the model: these, or `apply_patch`. */
export const TOOLS: readonly string[] = [
  "apply_patch",
  "bash",
  "edit",
  "glob",
  "grep",
  "read",
  "skill",
  "task",
  "todowrite",
  "webfetch",
  "websearch",
  "write",
];

/** What the names of an MCP server's tools begin with. */
export function mcpToolPrefix(server: string): string {
  return `${wordOf(server)}_`;
}
