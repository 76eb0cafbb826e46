// Some servers refuse a request with too many tools: those past the limit are left out, and named.
import type { HarnessEvent } from "../../events.ts";
import type { Model } from "../models/model.ts";
import type { OfferedTool } from "./offered-tool.ts";

/** The first as many as the model's server takes; our own stand before those of MCP servers. */
export function fittingTools(
  tools: readonly OfferedTool[],
  { name, maxTools }: Model,
): { tools: readonly OfferedTool[]; notices: readonly HarnessEvent[] } {
  const left = tools.slice(maxTools).map((tool) => tool.name);
  if (left.length === 0) return { tools, notices: [] };
  const message = `${name} takes ${maxTools} tools; not offered: ${left.join(", ")}`;
  const notice = {
    type: "notice",
    code: "tools_left_out",
    message,
    data: { tools: left },
  } as const;
  return { tools: tools.slice(0, maxTools), notices: [notice] };
}
