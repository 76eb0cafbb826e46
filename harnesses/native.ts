// Our own agent: the loop in native/ on any model server, with the runtime's tools. Also the example for a harness of your own.
import type { Harness } from "./harness.ts";
import { NativeOptions, PLAN_TOOL } from "./native/options.ts";

const DEFAULT_MODEL = "anthropic/claude-sonnet-5-5";

export const native: Harness = {
  name: "native",
  title: "harnessd's own agent",
  usesRuntimeTools: true,
  ownTools: [PLAN_TOOL],
  unaskedTools: [PLAN_TOOL],
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
  otherDefaultModels: [
    "openai/gpt-5.5",
    "openrouter/anthropic/claude-sonnet-5.5",
    "vercel/anthropic/claude-sonnet-5.5",
  ],
  options: NativeOptions,
  async *run(context) {
    const { runNative } = await import("./native/run.ts"); // a daemon that never runs it does not load it
    yield* runNative(context, DEFAULT_MODEL);
  },
};
