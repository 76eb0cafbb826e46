// A tool as the loop runs it: the runtime's own, an MCP server's, or the loop's own plan.
import { schemasOf, type Tool, type ToolEffect, type ToolOutcome } from "../../../tools/tool.ts";
import type { HarnessEvent } from "../../events.ts";
import type { HarnessContext, ToolCall } from "../../harness.ts";
import type { UserPart } from "../models/turn.ts";
import type { ToolDeclaration } from "../models/model.ts";

type ToolKind = Extract<HarnessEvent, { type: "tool.started" }>["kind"];

/** What a call came to, with the images and documents that belong to its answer. */
export type OfferedOutcome = ToolOutcome & { readonly media?: readonly UserPart[] };

export interface OfferedTool extends ToolDeclaration {
  readonly effect: ToolEffect;
  readonly kind: ToolKind;
  /** Never rejects for what a model can act on. */
  readonly call: (call: ToolCall) => Promise<OfferedOutcome>;
  /** What a call that went well says to the host beside its answer. */
  readonly announce?: (input: unknown) => HarnessEvent;
}

/** By name, as the model calls them. */
export type Toolbox = ReadonlyMap<string, OfferedTool>;

/** The runtime's tools, run by the daemon under the run's permissions. */
export function boxTools(context: Pick<HarnessContext, "tools" | "call">): OfferedTool[] {
  return context.tools.map((tool) => ({
    name: tool.name,
    description: tool.description,
    inputSchema: schemasOf(tool).input,
    effect: tool.effect,
    kind: kindOf(tool),
    call: context.call,
  }));
}

function kindOf({ name, effect }: Tool): ToolKind {
  if (effect !== "read") return effect;
  return /grep|glob|search|find/.test(name) ? "search" : "read";
}

/** Whether a tool that is not the daemon's own may be offered, under any of its names. A pattern is a name, an MCP server's `mcp__<server>`, or a beginning followed by `*`; withheld wins. */
export function isWanted(
  names: readonly string[],
  { allowedTools, deniedTools }: Pick<HarnessContext, "allowedTools" | "deniedTools">,
): boolean {
  const matches = (pattern: string): boolean =>
    names.some((name) =>
      pattern.endsWith("*")
        ? name.startsWith(pattern.slice(0, -1))
        : name === pattern || name.startsWith(`${pattern}__`),
    );
  return !deniedTools.some(matches) && (allowedTools?.some(matches) ?? true);
}
