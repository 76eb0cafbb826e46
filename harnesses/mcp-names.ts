// How a tool of an MCP server is named: as Claude Code does it, and everyone but OpenCode alike.

/** A server's name as it stands in the names of its tools. */
export function wordOf(server: string): string {
  return server.replaceAll(/[^A-Za-z0-9_-]/g, "_");
}

/** What the names of a server's tools begin with; without the last two characters it stands for all of them. */
export function mcpToolPrefix(server: string): string {
  return `mcp__${wordOf(server)}__`;
}
