// The MCP servers that a run brings along: connected, and their tools offered beside our own.
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { ToolOutcome } from "../../../tools/tool.ts";
import type { HarnessEvent } from "../../events.ts";
import type { HarnessContext, McpServer, ToolCall } from "../../harness.ts";
import { mcpToolPrefix, wordOf } from "../../mcp-names.ts";
import { isWanted, type OfferedTool } from "./offered-tool.ts";

const CONNECT_LIMIT_MS = 15_000;
const CALL_LIMIT_MS = 600_000;
const MAX_TOOLS_PER_SERVER = 200;

type McpContext = Pick<
  HarnessContext,
  | "mcpServers"
  | "spawn"
  | "cwd"
  | "env"
  | "signal"
  | "mustAsk"
  | "askPermission"
  | "allowedTools"
  | "deniedTools"
>;

export interface McpConnections {
  readonly tools: readonly OfferedTool[];
  /** One for each server that could not be used; the run goes on without it. */
  readonly notices: readonly HarnessEvent[];
  close(): Promise<void>;
}

/** Connects to all of them at once. Never rejects for what a server does. */
export async function connectMcpServers(context: McpContext): Promise<McpConnections> {
  const clients: Client[] = [];
  const tools: OfferedTool[] = [];
  const notices: HarnessEvent[] = [];
  const connect = async (server: McpServer): Promise<void> => {
    try {
      const client = await openClient(server, context);
      clients.push(client);
      tools.push(...(await listTools(client, server, context)));
    } catch (error) {
      const message = `The MCP server ${server.name} is not used: ${error instanceof Error ? error.message : String(error)}`;
      notices.push({
        type: "notice",
        code: "mcp_server_failed",
        message,
        data: { server: server.name },
      });
    }
  };
  await Promise.all(context.mcpServers.map(connect));
  return {
    tools,
    notices,
    close: async () => void (await Promise.allSettled(clients.map((client) => client.close()))),
  };
}

async function openClient(server: McpServer, context: McpContext): Promise<Client> {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const client = new Client({ name: "harnessd", version: "1" });
  const transport = await openTransport(server, context);
  try {
    await client.connect(transport, { timeout: CONNECT_LIMIT_MS, signal: context.signal });
    return client;
  } catch (error) {
    await transport.close().catch(() => undefined);
    throw error;
  }
}

async function openTransport(
  server: McpServer,
  { spawn, cwd, env }: McpContext,
): Promise<Transport> {
  if (server.type === "stdio") {
    const { PipeTransport } = await import("./mcp-pipes.ts");
    const command = [server.command, ...server.args] as const;
    return new PipeTransport(
      await spawn({ command, cwd, env: { ...env, ...server.env }, stdin: "open" }),
    );
  }
  const { StreamableHTTPClientTransport } =
    await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  return new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: server.headers },
  });
}

async function listTools(
  client: Client,
  server: McpServer,
  context: McpContext,
): Promise<OfferedTool[]> {
  const offered: OfferedTool[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor }, {
      timeout: CONNECT_LIMIT_MS,
      signal: context.signal,
    });
    for (const tool of page.tools) {
      const name = `${mcpToolPrefix(server.name)}${wordOf(tool.name)}`.slice(0, 64);
      if (!isWanted(name, context)) continue;
      offered.push({
        name,
        description: tool.description ?? tool.title ?? tool.name,
        inputSchema: tool.inputSchema,
        effect: tool.annotations?.readOnlyHint === true ? "read" : "execute",
        kind: "other",
        call: (call) => callWithPermission(client, tool.name, call, context),
      });
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined && offered.length < MAX_TOOLS_PER_SERVER);
  return offered.slice(0, MAX_TOOLS_PER_SERVER);
}

async function callWithPermission(
  client: Client,
  tool: string,
  call: ToolCall,
  context: McpContext,
): Promise<ToolOutcome> {
  const { toolCallId, name, input } = call;
  const verdict = context.mustAsk
    ? await context.askPermission({ toolCallId, name, input })
    : ({ decision: "allow" } as const);
  if (verdict.decision === "deny")
    return { ok: false, error: { code: "permission_denied", message: verdict.reason } };
  const args = (
    "input" in verdict && verdict.input !== undefined ? verdict.input : input
  ) as Record<string, unknown>;
  try {
    const options = {
      signal: context.signal,
      timeout: CALL_LIMIT_MS,
      resetTimeoutOnProgress: true,
    };
    return outcomeOf(await client.callTool({ name: tool, arguments: args }, undefined, options));
  } catch (error) {
    if (context.signal.aborted)
      return {
        ok: false,
        error: { code: "cancelled", message: "The call was cancelled before it finished" },
      };
    return {
      ok: false,
      error: { code: "mcp_error", message: error instanceof Error ? error.message : String(error) },
    };
  }
}

function outcomeOf({
  content,
  structuredContent,
  isError,
}: Awaited<ReturnType<Client["callTool"]>>): ToolOutcome {
  const parts = (Array.isArray(content) ? content : []) as {
    type: string;
    text?: string;
    mimeType?: string;
  }[];
  const text = parts
    .map((part) => (part.type === "text" ? part.text : `[${part.mimeType ?? part.type}]`))
    .join("\n");
  const shown =
    text === "" && structuredContent !== undefined ? JSON.stringify(structuredContent) : text;
  if (isError === true) return { ok: false, error: { code: "tool_failed", message: shown } };
  return { ok: true, output: { content: shown } };
}
