// Which of Codex's tools a run offers: what can be switched off is; what cannot is declined each time it is tried.
import type { HarnessContext } from "../harness.ts";
import { mcpToolPrefix } from "../mcp-names.ts";

type Config = Readonly<Record<string, unknown>>;

export interface ToolSelection {
  /** Merged into the thread's features. */
  readonly features: Readonly<Record<string, boolean>>;
  readonly webSearch: boolean;
  readonly plan: boolean;
  /** All tools of sub-agents go with the one that begins them. */
  readonly subagents: boolean;
  /** Lists for an MCP server's configuration. */
  forServer(name: string): Config;
  /** True when a call that Codex asks about is to be declined without asking anyone. */
  declines(tool: string): boolean;
  /** Codex must ask about each call, if only for us to decline some. */
  readonly mustAsk: boolean;
}

/** Codex asks about the use of these, so that they can be declined. */
const ASKED = ["exec_command", "apply_patch"] as const;
/** Codex uses these without asking, so that with permissions to ask for they are not offered. */
const UNASKED = ["view_image", "web_search", "image_generation", "spawn_agent"] as const;
/** Used without asking with permissions to ask for too: the plan does no harm, and nothing takes the others from it. */
export const UNASKED_TOOLS: readonly string[] = [
  "update_plan",
  "list_mcp_resources",
  "list_mcp_resource_templates",
  "read_mcp_resource",
];
/** What can be switched off or declined. */
export const SELECTABLE_TOOLS: readonly string[] = [...ASKED, ...UNASKED, "update_plan"];

export function selectTools({
  allowedTools,
  deniedTools,
  mustAsk,
}: Pick<HarnessContext, "allowedTools" | "deniedTools" | "mustAsk">): ToolSelection {
  const isOffered = (name: string): boolean =>
    !deniedTools.includes(name) && (allowedTools?.includes(name) ?? true);
  const isQuiet = (name: string): boolean => isOffered(name) && !mustAsk;
  const shell = isOffered("exec_command");
  return {
    features: {
      ...(!shell && { shell_tool: false, unified_exec: false }),
      ...(!isQuiet("view_image") && { view_image: false }),
      ...(!isQuiet("image_generation") && { image_generation: false }),
    },
    webSearch: isQuiet("web_search"),
    plan: isOffered("update_plan"),
    subagents: isQuiet("spawn_agent"),
    forServer: (server) => serverLists(server, allowedTools, deniedTools),
    declines: (tool) => (ASKED as readonly string[]).includes(tool) && !isOffered(tool),
    mustAsk: mustAsk || ASKED.some((name) => !isOffered(name)),
  };
}

/** `mcp__server` and `mcp__server__*` mean all of its tools. */
function serverLists(
  server: string,
  allowed: readonly string[] | undefined,
  denied: readonly string[],
): Config {
  const prefix = mcpToolPrefix(server);
  const namesIn = (list: readonly string[]): string[] =>
    list
      .filter((name) => `${name}__`.startsWith(prefix))
      .map((name) => name.slice(prefix.length) || "*");
  const deniedNames = namesIn(denied);
  const allowedNames = allowed && namesIn(allowed);
  if (deniedNames.includes("*")) return { enabled_tools: [] };
  return {
    ...(deniedNames.length > 0 && { disabled_tools: deniedNames }),
    ...(allowedNames && !allowedNames.includes("*") && { enabled_tools: allowedNames }),
  };
}
