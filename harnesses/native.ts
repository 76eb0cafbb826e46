// Our own agent: the loop in native/ on any model server, with the runtime's tools. Also the example for a harness of your own.
import { z } from "zod";
import type { HarnessEvent } from "./events.ts";
import type { Harness, HarnessContext } from "./harness.ts";
import { ContextGauge } from "./native/compaction.ts";
import { converse } from "./native/loop.ts";
import { connectMcpServers, type McpConnections } from "./native/mcp-tools.ts";
import { openModel, type Model } from "./native/model.ts";
import { traitsOf } from "./native/model-traits.ts";
import { boxTools, isWanted } from "./native/offered-tool.ts";
import { planTool } from "./native/plan-tool.ts";
import { readPrompt } from "./native/prompt-parts.ts";
import { readSteering } from "./native/steering.ts";
import { systemPrompt } from "./native/system-prompt.ts";
import { Transcript } from "./native/transcript.ts";
import { checkAnswer, compileSchema } from "./schema-check.ts";

const DEFAULT_MODEL = "anthropic/claude-sonnet-5-5";
const DEFAULT_MAX_TURNS = 500;

/** Under `options.native` of a run. */
const NativeOptions = z.strictObject({
  maxOutputTokens: z.number().int().positive().optional().describe("Of one reply; absent: what is known to be good for the model."),
  contextTokens: z.number().int().positive().optional().describe("What the model can hold, where the table of models is wrong about it."),
  maxAttempts: z.number().int().positive().max(20).default(5).describe("Tries for one call to the model."),
  retryDelayMs: z.number().int().positive().max(60_000).default(1_000).describe("Before the second try; doubled for each further one."),
  stallMs: z.number().int().positive().default(300_000).describe("Longest silence of the model's server before the call is tried again."),
});

export const native: Harness = {
  name: "native",
  title: "harnessd's own agent",
  usesRuntimeTools: true,
  ownTools: [planTool.name],
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
  otherDefaultModels: ["openai/gpt-5.5", "openrouter/anthropic/claude-sonnet-5.5", "vercel/anthropic/claude-sonnet-5.5"],
  options: NativeOptions,
  async *run(context) {
    const model = openModel(context.modelAccess(context.model ?? DEFAULT_MODEL));
    const check = context.schema && (await compileSchema(context.schema));
    const parts = await readPrompt(context.prompt, { cwd: context.cwd, takesPdf: model.takesPdf });
    const transcript = await Transcript.open({ stateDir: context.stateDir, ...context.session });
    let servers: McpConnections | undefined;
    try {
      yield { type: "session.bound", token: transcript.token };
      servers = await connectMcpServers(context);
      yield* servers.notices;
      await transcript.add({ role: "user", parts });
      const setup = loopSetup(context, model, transcript, servers);
      const answer = yield* converse({ ...setup, check: check && ((text) => checkAnswer(text, check)) });
      yield { type: "result", ...answer } satisfies HarnessEvent;
    } finally {
      context.steering.close();
      await Promise.allSettled([servers?.close(), transcript.close()]);
    }
  },
};

function loopSetup(context: HarnessContext, model: Model, transcript: Transcript, servers: McpConnections) {
  const options = NativeOptions.parse(context.options ?? {});
  const tools = [...boxTools(context), ...(isWanted(planTool.name, context) ? [planTool] : []), ...servers.tools];
  return {
    model,
    transcript,
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    steering: context.steering,
    takeSteering: () => readSteering(context.steering, { cwd: context.cwd, takesPdf: model.takesPdf }),
    gauge: new ContextGauge(),
    maxTurns: context.limits.maxTurns ?? DEFAULT_MAX_TURNS,
    contextTokens: options.contextTokens ?? traitsOf(model.name).contextTokens,
    retry: { maxAttempts: options.maxAttempts, baseDelayMs: options.retryDelayMs },
    request: {
      system: systemPrompt({ cwd: context.cwd, appended: context.systemPrompt, schema: context.schema }),
      effort: context.effort,
      schema: context.schema,
      maxOutputTokens: options.maxOutputTokens,
      cacheKey: transcript.token,
      stallMs: options.stallMs,
      signal: context.signal,
    },
  };
}
