// The tools that Claude Code has, by name: it takes any other name in silence, and a tool that was to be denied would stay.
import { HarnessError, type HarnessContext } from "../harness.ts";

// They wait for a person, for a later time or for another agent; a run has none of these. Work in the background is switched off too.
export const POINTLESS_TOOLS = [
  "AskUserQuestion",
  "CronCreate",
  "CronDelete",
  "CronList",
  "EnterPlanMode",
  "EnterWorktree",
  "ExitPlanMode",
  "ExitWorktree",
  "ListAgents",
  "Monitor",
  "ScheduleWakeup",
  "SendMessage",
  "Workflow",
] as const;

/** Of the version that we pin; some are only there with certain settings. */
const OFFERED_TOOLS = [
  "Agent",
  "Bash",
  "Edit",
  "Glob",
  "Grep",
  "LSP",
  "ListMcpResourcesTool",
  "NotebookEdit",
  "Read",
  "ReadMcpResourceTool",
  "ReportFindings",
  "Skill",
  "Task",
  "TaskCreate",
  "TaskGet",
  "TaskList",
  "TaskOutput",
  "TaskStop",
  "TaskUpdate",
  "TodoWrite",
  "ToolSearch",
  "WebFetch",
  "WebSearch",
  "Write",
] as const;

const KNOWN: ReadonlySet<string> = new Set([...OFFERED_TOOLS, ...POINTLESS_TOOLS]);

/** Throws HarnessError `unknown_tool`, which lists the known. A name may carry a pattern, as in `Bash(git *)`. */
export function refuseUnknownTools({ allowedTools, deniedTools, mcpServers }: HarnessContext): void {
  const isMcp = (name: string): boolean => mcpServers.some((server) => name.startsWith(`mcp__${server.name}`));
  const unknown = [...(allowedTools ?? []), ...deniedTools].filter((name) => !KNOWN.has(name.replace(/\(.*\)$/, "")) && !isMcp(name));
  if (unknown.length === 0) return;
  const known = [...OFFERED_TOOLS, ...mcpServers.map(({ name }) => `mcp__${name}__*`)].join(", ");
  throw new HarnessError("unknown_tool", `Claude Code has no tool ${unknown.join(", ")}; it has: ${known}`, { data: { unknown } });
}
