// What the model calls the tools of MCP servers: names that every provider takes, no two alike, the same in every run.
import { createHash } from "node:crypto";
import { mcpToolPrefix, wordOf } from "../../mcp-names.ts";

const MAX_NAME_LENGTH = 64;

export interface McpToolId {
  readonly server: string;
  readonly tool: string;
}

export interface McpToolName extends McpToolId {
  /** As the model calls it, and permissions are asked for it. */
  readonly name: string;
  /** All that a run's list of tools may call it by. */
  readonly names: readonly string[];
}

/**
 * Where two would be alike, once what a name may not hold is replaced and the rest is cut off, the one that was so from the start keeps its
 * name, and each other gets a mark of its own. `servers`: all of the run, also those that do not answer, so that no name depends on that.
 */
export function nameMcpTools(
  tools: readonly McpToolId[],
  servers: readonly string[],
): McpToolName[] {
  const count = new Map<string, number>();
  for (const each of tools) count.set(plainName(each), (count.get(plainName(each)) ?? 0) + 1);
  const isShared = (server: string): boolean =>
    wordOf(server) !== server &&
    servers.some((other) => other !== server && wordOf(other) === wordOf(server));
  return tools.map((each) => {
    const exact = `mcp__${each.server}__${each.tool}`;
    const whole = `${mcpToolPrefix(each.server)}${wordOf(each.tool)}`;
    const plain = plainName(each);
    const isAlike = (count.get(plain) ?? 0) > 1 && plain !== exact;
    const name = isAlike || isShared(each.server) ? markedName(each, whole) : plain;
    const names = [name, exact, ...(whole.length > MAX_NAME_LENGTH ? [whole] : [])];
    return { ...each, name, names };
  });
}

function plainName({ server, tool }: McpToolId): string {
  return `${mcpToolPrefix(server)}${wordOf(tool)}`.slice(0, MAX_NAME_LENGTH);
}

function markedName({ server, tool }: McpToolId, whole: string): string {
  const mark = createHash("sha256")
    .update(JSON.stringify([server, tool]))
    .digest("hex")
    .slice(0, 8);
  return `${whole.slice(0, MAX_NAME_LENGTH - mark.length - 1)}_${mark}`;
}
