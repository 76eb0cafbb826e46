// Which of OpenCode's tools a run offers, said in the form of a prompt's `tools`: names and patterns, the last that fits counts.
import type { HarnessContext } from "../harness.ts";
import type { McpHold } from "./mcp-servers.ts";
import { TOOLS } from "./tool-names.ts";

type McpNames = Pick<McpHold, "prefixes" | "foreign" | "toolName">;
type Wishes = Pick<HarnessContext, "allowedTools" | "deniedTools" | "mustAsk">;

export interface ToolSelection {
  readonly switches: Readonly<Record<string, boolean>>;
  /** For a call that is asked about and should not even be offered. */
  refuses(name: string): boolean;
}

export function selectTools(
  wishes: Wishes,
  { prefixes, foreign, toolName }: McpNames,
): ToolSelection {
  const { mustAsk } = wishes;
  const allowedTools = wishes.allowedTools?.map(toolName);
  const deniedTools = wishes.deniedTools.map(toolName);
  const isMcp = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix));
  const refuses = (name: string): boolean =>
    deniedTools.includes(name) || !(allowedTools?.includes(name) ?? true);
  // A subagent has rules of its own and would not ask.
  const isOff = (name: string): boolean => refuses(name) || (mustAsk && name === "task");
  const switches: Record<string, boolean> = { question: false };
  for (const name of TOOLS) if (isOff(name)) switches[name] = false;
  for (const prefix of foreign) switches[`${prefix}*`] = false;
  // Switching a tool on would also allow it unasked; where calls are asked about, what is not offered is refused then.
  if (allowedTools && !mustAsk) {
    for (const prefix of prefixes) switches[`${prefix}*`] = false;
    for (const name of allowedTools) if (isMcp(name)) switches[name] = true;
  }
  for (const name of deniedTools) switches[name] = false;
  return { switches, refuses: (name) => (TOOLS.includes(name) || isMcp(name)) && refuses(name) };
}
