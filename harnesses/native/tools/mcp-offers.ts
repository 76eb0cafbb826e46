// The tools of one run's MCP servers as they are offered: named, their schemas adapted, each called under the run's permissions.
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { z } from "zod";
import type { HarnessEvent } from "../../events.ts";
import type { HarnessContext, ToolCall } from "../../harness.ts";
import { isObject, type Json } from "../gate/json.ts";
import { outcomeOfResult } from "./mcp-results.ts";
import { nameMcpTools, type McpToolName } from "./mcp-tool-names.ts";
import { isWanted, type OfferedOutcome, type OfferedTool } from "./offered-tool.ts";
import { adaptSchema } from "./tool-schemas.ts";

const CALL_LIMIT_MS = 600_000;

/** What is read of a list of tools; the rest is not looked at, and can be anything. */
export const ListedTools = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      title: z.string().optional().catch(undefined),
      description: z.string().optional().catch(undefined),
      inputSchema: z.unknown(),
      annotations: z.object({ readOnlyHint: z.boolean() }).partial().optional().catch(undefined),
    }),
  ),
  nextCursor: z.string().optional(),
});
export type ListedTool = z.output<typeof ListedTools>["tools"][number];

/** Read leniently by `outcomeOfResult`. */
const AnyResult = z.looseObject({});

export interface ListedServer {
  readonly name: string;
  readonly client: Client;
  readonly tools: readonly ListedTool[];
}

type OfferContext = Pick<
  HarnessContext,
  "signal" | "mustAsk" | "askPermission" | "allowedTools" | "deniedTools" | "mcpServers"
>;

export interface Offers {
  readonly tools: readonly OfferedTool[];
  /** One for each tool that had to be left out. */
  readonly notices: readonly HarnessEvent[];
}

/** A tool that cannot be offered costs that tool, and says so. */
export async function offerTools(
  servers: readonly ListedServer[],
  context: OfferContext,
  takesPdf: boolean,
): Promise<Offers> {
  const tools: OfferedTool[] = [];
  const notices: HarnessEvent[] = [];
  const listed = servers.flatMap((server) => server.tools.map((tool) => ({ server, tool })));
  const named = nameMcpTools(
    listed.map(({ server, tool }) => ({ server: server.name, tool: tool.name })),
    context.mcpServers.map(({ name }) => name),
  );
  const seen = new Set<string>();
  for (const [index, { server, tool }] of listed.entries()) {
    const id = named[index] as McpToolName;
    if (!isWanted(id.names, context)) continue;
    const adapted = seen.has(id.name)
      ? { problem: "the server lists another of that name" }
      : await adaptSchema(tool.inputSchema);
    if ("problem" in adapted) {
      notices.push(leftOut(id, adapted.problem));
      continue;
    }
    seen.add(id.name);
    const description = tool.description ?? tool.title ?? tool.name;
    tools.push({
      name: id.name,
      description: adapted.note === "" ? description : `${description}\n\n${adapted.note}`,
      inputSchema: adapted.schema,
      effect: tool.annotations?.readOnlyHint === true ? "read" : "execute",
      kind: "other",
      call: (call) =>
        callWithPermission(call, context, async (input) => {
          const options = {
            signal: context.signal,
            timeout: CALL_LIMIT_MS,
            resetTimeoutOnProgress: true,
          };
          const params = { name: tool.name, arguments: adapted.restore(input) };
          const request = { method: "tools/call" as const, params };
          return outcomeOfResult(
            await server.client.request(request, AnyResult, options),
            takesPdf,
          );
        }),
    });
  }
  return { tools, notices };
}

export function leftOut({ server, tool, name }: McpToolName, problem: string): HarnessEvent {
  return {
    type: "notice",
    code: "mcp_tool_left_out",
    message: `The tool ${tool} of the MCP server ${server} is not offered: ${problem}`,
    data: { server, tool, name },
  };
}

async function callWithPermission(
  { toolCallId, name, input }: ToolCall,
  context: OfferContext,
  call: (input: Json) => Promise<OfferedOutcome>,
): Promise<OfferedOutcome> {
  const verdict = context.mustAsk
    ? await context.askPermission({ toolCallId, name, input })
    : ({ decision: "allow" } as const);
  if (verdict.decision === "deny")
    return { ok: false, error: { code: "permission_denied", message: verdict.reason } };
  const given = "input" in verdict && verdict.input !== undefined ? verdict.input : input;
  try {
    return await call(isObject(given) ? given : {});
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
