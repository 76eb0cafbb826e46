// OpenAI's Codex as a harness: one `codex app-server` kept warm for all sessions, a thread for each.
import { locateAgent } from "./agent-programs.ts";
import { CodexOptions } from "./codex/options.ts";
import { SELECTABLE_TOOLS, UNASKED_TOOLS } from "./codex/tool-selection.ts";
import type { Harness } from "./harness.ts";

const NAME = "codex";
const DEFAULT_MODEL = "openai/gpt-5.5";

export const codex: Harness = {
  name: NAME,
  title: "Codex",
  ownTools: SELECTABLE_TOOLS,
  unaskedTools: UNASKED_TOOLS,
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
  dialects: ["openai-responses"],
  options: CodexOptions,

  check: ({ agentsDir }) => locateAgent(NAME, agentsDir),

  async *run(context) {
    const { runCodex } = await import("./codex/run.ts"); // only a daemon that runs Codex pays for it
    yield* runCodex({ name: NAME, context, modelName: context.model ?? DEFAULT_MODEL });
  },
};
