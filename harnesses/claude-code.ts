// Anthropic's Claude Code: the real program, one warm process a session, spoken to in stream-json both ways.
import { locateAgent } from "./agent-programs.ts";
import { ClaudeCodeOptions, DEFAULT_MODEL } from "./claude-code/options.ts";
import { TOOLS } from "./claude-code/tool-names.ts";
import type { Harness } from "./harness.ts";

export const claudeCode: Harness = {
  name: "claude-code",
  title: "Claude Code",
  ownTools: TOOLS,
  takesToolPatterns: true,
  capabilities: {
    steer: true,
    resume: true,
    fork: true,
    images: true,
    schema: true,
    effort: true,
    mcpServers: true,
    permissions: true,
    toolSelection: true,
    // The program keeps a command's output to itself until the command ends.
    liveOutput: false,
  },
  defaultModel: DEFAULT_MODEL,
  dialects: ["anthropic-messages"],
  options: ClaudeCodeOptions,
  check: ({ agentsDir }) => locateAgent("claude-code", agentsDir),
  async *run(context) {
    const { run } = await import("./claude-code/run.ts"); // a daemon that never runs it does not load it
    yield* run(context);
  },
};
