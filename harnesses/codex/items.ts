// How the items of a Codex thread that are tool calls read as tools: name, kind, input, output.
import type { HarnessEvent } from "../events.ts";
import type { Item } from "./protocol.ts";
import { unwrapShell } from "./shell-words.ts";

type Started = Extract<HarnessEvent, { type: "tool.started" }>;
type Finished = Extract<HarnessEvent, { type: "tool.finished" }>;

interface ToolItem {
  readonly kind: Started["kind"];
  name(item: Item): string;
  input(item: Item): unknown;
  output(item: Item): unknown;
}

const SUCCEEDED: ReadonlySet<unknown> = new Set(["completed", undefined]);

const toolItems: Readonly<Record<string, ToolItem>> = {
  commandExecution: {
    kind: "execute",
    name: () => "exec_command",
    input: ({ command, cwd }) => ({ command: unwrapShell(String(command)), cwd }),
    output: ({ aggregatedOutput, status, durationMs }) => ({
      output: aggregatedOutput ?? "",
      status,
      durationMs,
    }),
  },
  fileChange: {
    kind: "write",
    name: () => "apply_patch",
    input: ({ changes }) => ({ changes }),
    output: ({ status }) => ({ status }),
  },
  mcpToolCall: {
    kind: "other",
    name: ({ server, tool }) => mcpToolName(String(server), String(tool)),
    input: (item) => item["arguments"],
    output: ({ result, error }) => error ?? result,
  },
  dynamicToolCall: {
    kind: "other",
    name: ({ tool }) => String(tool),
    input: (item) => item["arguments"],
    output: ({ contentItems }) => contentItems,
  },
  webSearch: {
    kind: "search",
    name: () => "web_search",
    input: ({ query, action }) => ({ query, action }),
    output: ({ query, action, results }) => ({ query, action, results }),
  },
  imageView: {
    kind: "read",
    name: () => "view_image",
    input: ({ path }) => ({ path }),
    output: () => null,
  },
  imageGeneration: {
    kind: "other",
    name: () => "image_generation",
    input: ({ revisedPrompt }) => ({ prompt: revisedPrompt }),
    output: ({ savedPath, status }) => ({ path: savedPath, status }),
  },
  collabAgentToolCall: {
    kind: "think",
    name: ({ tool }) => snakeCase(String(tool)),
    input: ({ prompt, model, receiverThreadIds }) => ({
      prompt,
      model,
      receivers: receiverThreadIds,
    }),
    output: ({ agentsStates, receiverThreadIds }) => ({
      receivers: receiverThreadIds,
      agents: agentsStates,
    }),
  },
  sleep: {
    kind: "other",
    name: () => "sleep",
    input: ({ durationMs }) => ({ durationMs }),
    output: () => null,
  },
};

/** As the permissions and the tool lists of a run call a tool of an MCP server. */
export function mcpToolName(server: string, tool: string): string {
  return `mcp__${server}__${tool}`;
}

/** Null for an item that is no tool call. */
export function toolStarted(item: Item): Started | null {
  const tool = toolItems[item.type];
  return tool
    ? {
        type: "tool.started",
        toolCallId: item.id,
        name: tool.name(item),
        kind: tool.kind,
        input: tool.input(item),
      }
    : null;
}

/** Null for an item that is no tool call. */
export function toolFinished(item: Item): Finished | null {
  const tool = toolItems[item.type];
  if (!tool) return null;
  const ok = SUCCEEDED.has(item["status"]) && (item["success"] ?? true) === true;
  return {
    type: "tool.finished",
    toolCallId: item.id,
    name: tool.name(item),
    ok,
    output: tool.output(item),
    ...exitCodeOf(item),
  };
}

/** Codex says -1 of a command whose end it has not seen; we say null. */
function exitCodeOf({ type, exitCode }: Item): { exitCode?: number | null } {
  if (type !== "commandExecution") return {};
  return { exitCode: typeof exitCode === "number" && exitCode >= 0 ? exitCode : null };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
