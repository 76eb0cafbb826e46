// One run of our own agent: the model opened, the prompt read, the session taken up, and the loop until it has an answer.
import type { HarnessEvent } from "../events.ts";
import type { HarnessContext } from "../harness.ts";
import { checkAnswer, compileSchema } from "../schema-check.ts";
import { ContextGauge } from "./loop/compaction.ts";
import { converse } from "./loop/loop.ts";
import { connectMcpServers, type McpConnections } from "./tools/mcp-servers.ts";
import { fittingTools } from "./tools/tool-limit.ts";
import { traitsOf } from "./models/model-traits.ts";
import type { Model } from "./models/model.ts";
import { openModel } from "./models/open-model.ts";
import { boxTools, isWanted, type OfferedTool } from "./tools/offered-tool.ts";
import { NativeOptions } from "./options.ts";
import { planTool } from "./tools/plan-tool.ts";
import { readPrompt } from "./loop/prompt-parts.ts";
import { readSteering } from "./loop/steering.ts";
import { systemPrompt } from "./loop/system-prompt.ts";
import { Transcript } from "./loop/transcript.ts";

const DEFAULT_MAX_TURNS = 500;

export async function* runNative(
  context: HarnessContext,
  defaultModel: string,
): AsyncGenerator<HarnessEvent, void> {
  const model = openModel(context.modelAccess(context.model ?? defaultModel));
  const check = context.schema && (await compileSchema(context.schema));
  const parts = await readPrompt(context.prompt, { cwd: context.cwd, takesPdf: model.takesPdf });
  const transcript = await Transcript.open({ stateDir: context.stateDir, ...context.session });
  let servers: McpConnections | undefined;
  try {
    yield { type: "session.bound", token: transcript.token };
    servers = await connectMcpServers(context, model.takesPdf);
    yield* servers.notices;
    await transcript.add({ role: "user", parts });
    const { tools, notices } = fittingTools(toolsOf(context, servers), model);
    yield* notices;
    const setup = loopSetup(context, { model, transcript, tools, servers });
    const answer = yield* converse({
      ...setup,
      check: check && ((text) => checkAnswer(text, check)),
    });
    yield { type: "result", ...answer } satisfies HarnessEvent;
  } finally {
    context.steering.close();
    await Promise.allSettled([servers?.close(), transcript.close()]);
  }
}

function toolsOf(context: HarnessContext, servers: McpConnections): OfferedTool[] {
  const plan = isWanted([planTool.name], context) ? [planTool] : [];
  return [...boxTools(context), ...plan, ...servers.tools];
}

interface RunParts {
  readonly model: Model;
  readonly transcript: Transcript;
  readonly tools: readonly OfferedTool[];
  readonly servers: McpConnections;
}

function loopSetup(context: HarnessContext, { model, transcript, tools, servers }: RunParts) {
  const options = NativeOptions.parse(context.options ?? {});
  return {
    model,
    transcript,
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    steering: context.steering,
    takeSteering: () =>
      readSteering(context.steering, { cwd: context.cwd, takesPdf: model.takesPdf }),
    gauge: new ContextGauge(),
    maxTurns: context.limits.maxTurns ?? DEFAULT_MAX_TURNS,
    contextTokens: options.contextTokens ?? traitsOf(model.name).contextTokens,
    retry: { maxAttempts: options.maxAttempts, baseDelayMs: options.retryDelayMs },
    request: {
      system: systemPrompt({
        cwd: context.cwd,
        appended: context.systemPrompt,
        schema: context.schema,
        servers: servers.instructions,
      }),
      effort: context.effort,
      schema: context.schema,
      maxOutputTokens: options.maxOutputTokens,
      cacheKey: transcript.token,
      takenCallIds: transcript.callIds,
      stallMs: options.stallMs,
      signal: context.signal,
    },
  };
}
