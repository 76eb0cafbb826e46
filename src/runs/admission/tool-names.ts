// Whether the tools that a run allows or denies are there: a name that nobody knows would be heeded by nobody.
import type { Harness } from "../../../harnesses/harness.ts";
import { mcpToolPrefix } from "../../../harnesses/mcp-names.ts";
import type { Tool } from "../../../tools/tool.ts";
import type { RunRequest } from "../../wire/methods.ts";
import { CodedError } from "../../../tools/coded-error.ts";

type Named = Pick<RunRequest, "allowedTools" | "deniedTools" | "mcpServers">;

/** Throws CodedError `unknown_tool`; a harness that does not tell its tools takes any name. */
export function refuseUnknownTools(
  { allowedTools = [], deniedTools, mcpServers }: Named,
  tools: readonly Tool[],
  harness: Harness,
): void {
  if (!harness.usesRuntimeTools && !harness.ownTools) return;
  const known = [
    ...(harness.usesRuntimeTools ? tools.map((tool) => tool.name) : []),
    ...(harness.ownTools ?? []),
  ];
  const prefixes = mcpServers.map(({ name }) => (harness.mcpToolPrefix ?? mcpToolPrefix)(name));
  const isOfServer = (name: string): boolean =>
    prefixes.some((prefix) => name.startsWith(prefix) || `${name}__` === prefix);
  const unknown = [...allowedTools, ...deniedTools].filter((name) => {
    const tool = harness.takesToolPatterns ? name.replace(/\(.*\)$/, "") : name;
    return !known.includes(tool) && !isOfServer(tool);
  });
  if (unknown.length === 0) return;
  const all = [...known, ...prefixes.map((prefix) => `${prefix}*`)];
  const message = `${harness.title} has no tool ${unknown.join(", ")} that could be allowed or denied; it has: ${all.join(", ")}`;
  throw new CodedError("unknown_tool", message, { data: { unknown, known: all } });
}
