// A message's whole blocks as facts.
import type { HarnessEvent } from "../events.ts";
import type { Block } from "./line.ts";
import { kindOf } from "./tool-calls.ts";

/** A whole block as the facts that it is. */
export function factsOf(block: Block, messageId: string): HarnessEvent[] {
  switch (block.type) {
    case "text":
      return block.text === "" ? [] : [{ type: "message", messageId, text: block.text }];
    case "thinking":
      return block.thinking === "" ? [] : [{ type: "reasoning", messageId, text: block.thinking }];
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return [
        {
          type: "tool.started",
          toolCallId: block.id,
          name: block.name,
          kind: kindOf(block.name),
          input: block.input,
        },
      ];
    case "web_search_tool_result":
    case "web_fetch_tool_result":
      return [
        finishedTool(
          block.tool_use_id,
          block.type.replace("_tool_result", ""),
          true,
          block.content,
          undefined,
        ),
      ];
    case "tool_result":
    case "redacted_thinking":
  }
  return [];
}

/** `exitCode` is left out where the tool has none. */
export function finishedTool(
  toolCallId: string,
  name: string,
  ok: boolean,
  output: unknown,
  exitCode: number | null | undefined,
): HarnessEvent {
  return {
    type: "tool.finished",
    toolCallId,
    name,
    ok,
    output,
    ...(exitCode !== undefined && { exitCode }),
  };
}
