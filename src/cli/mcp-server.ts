// `--mcp`: MCP servers as they are written on a command line, or in the `mcpServers` of a file that other programs read too.
import { readFile } from "node:fs/promises";
import type { RunRequestInput } from "../wire/methods.ts";
import { splitWords } from "./shell-words.ts";
import { UsageError } from "./usage-error.ts";

type McpServer = NonNullable<RunRequestInput["mcpServers"]>[number];
type HttpServer = Extract<McpServer, { type: "http" }>;
type StdioServer = Extract<McpServer, { type: "stdio" }>;

/** Throws UsageError, which shows the forms. */
export async function mcpServersOf(given: readonly string[]): Promise<McpServer[]> {
  const servers = await Promise.all(given.map(serversOf));
  return servers.flat();
}

async function serversOf(text: string): Promise<McpServer[]> {
  const [, name = "", value = ""] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
  if (name === "") return readServers(text);
  if (/^https?:\/\//.test(value)) return [{ type: "http", name, url: value }];
  const [command = "", ...args] = splitWords(value);
  return [{ type: "stdio", name, command, args }];
}

async function readServers(file: string): Promise<McpServer[]> {
  try {
    const { mcpServers } = JSON.parse(await readFile(file, "utf8")) as { mcpServers?: object };
    if (typeof mcpServers !== "object") throw new Error("it has no mcpServers");
    return Object.entries(mcpServers).map(([name, server]) => serverOf(name, server as object));
  } catch (error) {
    throw new UsageError(
      `--mcp: wanted NAME=URL, NAME=COMMAND ARGS or a JSON file with mcpServers; found ${JSON.stringify(file)}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Files say `type: "sse"` or nothing where we say `http` or `stdio`; what else they hold is for other programs. */
function serverOf(name: string, server: object): McpServer {
  const { url, headers, command, args, env } = server as Partial<HttpServer & StdioServer>;
  if (typeof url === "string")
    return { type: "http", name, url, ...(headers !== undefined && { headers }) };
  if (typeof command !== "string") throw new Error(`${name} has neither a url nor a command`);
  return {
    type: "stdio",
    name,
    command,
    ...(args !== undefined && { args }),
    ...(env !== undefined && { env }),
  };
}
