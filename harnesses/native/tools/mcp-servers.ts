// The MCP servers that a run brings along: connected, and their tools offered beside our own.
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { HarnessEvent } from "../../events.ts";
import type { HarnessContext, McpServer } from "../../harness.ts";
import { ListedTools, offerTools, type ListedServer, type ListedTool } from "./mcp-offers.ts";
import type { OfferedTool } from "./offered-tool.ts";

const CONNECT_LIMIT_MS = 15_000;
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
  /** What servers say about themselves, for the model. */
  readonly instructions: readonly McpInstructions[];
  /** One for each server or tool that could not be used; the run goes on without it. */
  readonly notices: readonly HarnessEvent[];
  close(): Promise<void>;
}

export interface McpInstructions {
  readonly server: string;
  readonly text: string;
}

/** Connects to all of them at once. Never rejects for what a server does. `takesPdf`: of the model's server. */
export async function connectMcpServers(
  context: McpContext,
  takesPdf: boolean,
): Promise<McpConnections> {
  const clients: Client[] = [];
  const connect = async (server: McpServer): Promise<ListedServer | HarnessEvent> => {
    try {
      const client = await openClient(server, context);
      clients.push(client);
      return { name: server.name, client, tools: await listTools(client, context) };
    } catch (error) {
      return failed(server.name, error);
    }
  };
  const answers = await Promise.all(context.mcpServers.map(connect));
  const servers = answers.filter((answer) => "client" in answer);
  const offers = await offerTools(
    servers.map((server) => ({ ...server, tools: server.tools.slice(0, MAX_TOOLS_PER_SERVER) })),
    context,
    takesPdf,
  );
  const crowded = servers.filter(({ tools }) => tools.length > MAX_TOOLS_PER_SERVER);
  return {
    tools: offers.tools,
    instructions: servers.flatMap(({ name, client }) => {
      const text = client.getInstructions()?.trim() ?? "";
      return text === "" ? [] : [{ server: name, text }];
    }),
    notices: [
      ...answers.filter((answer) => "code" in answer),
      ...crowded.map(({ name, tools }) => tooMany(name, tools.length)),
      ...offers.notices,
    ],
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

/** All that it lists; beyond a bound that no server needs the rest is left out, and said so. */
async function listTools(client: Client, { signal }: McpContext): Promise<ListedTool[]> {
  const listed: ListedTool[] = [];
  let cursor: string | undefined;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const options = { timeout: CONNECT_LIMIT_MS, signal };
    // The SDK's own would refuse the whole list for one schema that is not that of an object.
    const page = await client.request({ method: "tools/list", params }, ListedTools, options);
    listed.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined && listed.length < MAX_TOOLS_PER_SERVER);
  return listed;
}

function failed(server: string, error: unknown): HarnessEvent {
  const message = `The MCP server ${server} is not used: ${error instanceof Error ? error.message : String(error)}`;
  return { type: "notice", code: "mcp_server_failed", message, data: { server } };
}

function tooMany(server: string, count: number): HarnessEvent {
  const message = `The MCP server ${server} lists ${count} tools or more; those after the first ${MAX_TOOLS_PER_SERVER} are not offered`;
  return { type: "notice", code: "mcp_tool_left_out", message, data: { server, count } };
}
