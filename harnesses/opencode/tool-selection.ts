// Which of OpenCode's tools a run offers, said in the form of a prompt's `tools`: names and patterns, the last that fits counts.
import { HarnessError } from "../harness.ts";
import type { HarnessContext } from "../harness.ts";

type Wishes = Pick<HarnessContext, "allowedTools" | "deniedTools" | "mustAsk">;

export interface ToolSelection {
  readonly switches: Readonly<Record<string, boolean>>;
  /** For a call that is asked about and should not even be offered. */
  refuses(name: string): boolean;
}

/**
 * `known`: the server's own tools; `mcp`: prefixes of the run's MCP servers; `foreign`: those of other runs in the same directory.
 * Throws HarnessError `unknown_tool`, which lists the known.
 */
export function selectTools(
  { allowedTools, deniedTools, mustAsk }: Wishes,
  known: readonly string[],
  mcp: readonly string[],
  foreign: readonly string[],
): ToolSelection {
  const isMcp = (name: string): boolean => mcp.some((prefix) => name.startsWith(prefix));
  for (const name of [...(allowedTools ?? []), ...deniedTools]) {
    if (known.includes(name) || isMcp(name)) continue;
    const all = [...known, ...mcp.map((prefix) => `${prefix}*`)].join(", ");
    throw new HarnessError("unknown_tool", `OpenCode has no tool "${name}"; it has: ${all}`);
  }
  const refuses = (name: string): boolean => deniedTools.includes(name) || !(allowedTools?.includes(name) ?? true);
  // A subagent has rules of its own and would not ask.
  const isOff = (name: string): boolean => refuses(name) || (mustAsk && name === "task");
  const switches: Record<string, boolean> = { question: false };
  for (const name of known) if (isOff(name)) switches[name] = false;
  for (const prefix of foreign) switches[`${prefix}*`] = false;
  // Switching a tool on would also allow it unasked; where calls are asked about, what is not offered is refused then.
  if (allowedTools && !mustAsk) {
    for (const prefix of mcp) switches[`${prefix}*`] = false;
    for (const name of allowedTools) if (isMcp(name)) switches[name] = true;
  }
  for (const name of deniedTools) switches[name] = false;
  return { switches, refuses: (name) => (known.includes(name) || isMcp(name)) && refuses(name) };
}
