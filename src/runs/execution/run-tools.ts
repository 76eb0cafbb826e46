// The runtime's tools as one run may use them: chosen, permitted, owned by the run, their output told as it comes.
import type { HarnessContext, PermissionQuestion, ToolCall } from "../../../harnesses/harness.ts";
import type { ProcessTable } from "../../../tools/process.ts";
import type { PathPolicy } from "../../../tools/path-policy.ts";
import { callTool, type Tool, type ToolOutcome } from "../../../tools/tool.ts";
import type { Log } from "../../log/log.ts";
import type { RunRequest } from "../../wire/methods.ts";

export interface RunToolsOptions {
  readonly runId: string;
  readonly tools: readonly Tool[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly paths: PathPolicy;
  readonly processes: ProcessTable;
  readonly log: Log;
  readonly askPermission: HarnessContext["askPermission"];
  /** Waited for before a tool is run that may change something. */
  readonly onReady: () => Promise<void>;
  readonly onOutput: (toolCallId: string, stream: "stdout" | "stderr", text: string) => void;
}

/** Denied wins over allowed; absent means all. */
export function chooseTools(
  tools: readonly Tool[],
  { allowedTools, deniedTools }: Pick<RunRequest, "allowedTools" | "deniedTools">,
): Tool[] {
  return tools.filter(
    (tool) => (allowedTools?.includes(tool.name) ?? true) && !deniedTools.includes(tool.name),
  );
}

export function toolCaller(options: RunToolsOptions): HarnessContext["call"] {
  const byName = new Map(options.tools.map((tool) => [tool.name, tool]));
  return async (call) => {
    const tool = byName.get(call.name);
    if (!tool)
      return refusal(
        "unknown_tool",
        `There is no tool "${call.name}"; known: ${[...byName.keys()].join(", ")}`,
      );
    const decision = await options.askPermission(call satisfies PermissionQuestion);
    if (decision.decision === "deny") return refusal("permission_denied", decision.reason);
    return carryOut(tool, { ...call, input: decision.input ?? call.input }, options);
  };
}

/** A bug in a tool is told to the model as an answer and to us in the log; it does not end the run. */
async function carryOut(
  tool: Tool,
  call: ToolCall,
  options: RunToolsOptions,
): Promise<ToolOutcome> {
  const { cwd, env, signal, paths, processes, runId: owner, log } = options;
  const emit = async (stream: "stdout" | "stderr", text: string): Promise<void> =>
    options.onOutput(call.toolCallId, stream, text);
  try {
    if (tool.effect !== "read") await options.onReady();
    return await callTool(tool, call.input, { cwd, env, signal, emit, paths, processes, owner });
  } catch (error) {
    log.error({ error, tool: tool.name, runId: owner }, "a tool broke");
    return refusal(
      "internal_error",
      `The tool ${tool.name} broke: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function refusal(code: string, message: string): ToolOutcome {
  return { ok: false, error: { code, message } };
}
