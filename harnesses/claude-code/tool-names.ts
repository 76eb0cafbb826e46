// The tools that Claude Code has, by name: it takes any other name in silence, and a tool that was to be denied would stay.

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

/** All that may be named in a run's allowed and denied tools. */
export const TOOLS: readonly string[] = [...OFFERED_TOOLS, ...POINTLESS_TOOLS];
