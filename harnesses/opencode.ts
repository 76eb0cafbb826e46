// OpenCode as a harness: one `opencode serve` for the box, a session of its for each of ours.
import { locateAgent } from "./agent-programs.ts";
import type { Harness } from "./harness.ts";
import { OpenCodeOptions } from "./opencode/options.ts";
import { mcpToolPrefix, TOOLS } from "./opencode/tool-names.ts";

const NAME = "opencode";
const DEFAULT_MODEL = "anthropic/claude-sonnet-5-5";

export const opencode: Harness = {
  name: NAME,
  title: "OpenCode",
  ownTools: TOOLS,
  mcpToolPrefix,
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
    liveOutput: true,
  },
  defaultModel: DEFAULT_MODEL,
  options: OpenCodeOptions,

  check: ({ agentsDir }) => locateAgent(NAME, agentsDir),

  async *run(context) {
    const { runOpenCode } = await import("./opencode/run.ts"); // only a daemon that runs OpenCode pays for it
    yield* runOpenCode({ name: NAME, context, modelName: context.model ?? DEFAULT_MODEL });
  },
};
