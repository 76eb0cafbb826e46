// Runs the tool calls of one reply: together when none of them changes anything, in order otherwise.
import type { ToolOutcome } from "../../../tools/tool.ts";
import type { HarnessEvent } from "../../events.ts";
import type { OfferedOutcome, OfferedTool, Toolbox } from "../tools/offered-tool.ts";
import { renderOutcome } from "../tools/tool-results.ts";
import type { Transcript } from "./transcript.ts";
import type { ModelCall } from "../models/turn.ts";

export interface CallContext {
  readonly tools: Toolbox;
  readonly transcript: Transcript;
  readonly signal: AbortSignal;
}

/**
 * Every call gets its answer in the transcript, and every `tool.started` its `tool.finished`, also on cancel:
 * look at the signal afterwards.
 */
export async function* runCalls(
  calls: readonly ModelCall[],
  context: CallContext,
): AsyncGenerator<HarnessEvent, void> {
  const { tools, signal } = context;
  if (
    !signal.aborted &&
    calls.length > 1 &&
    calls.every((call) => tools.get(call.name)?.effect === "read")
  ) {
    for (const call of calls) yield startOf(call, tools.get(call.name));
    const endings = await Promise.all(calls.map((call) => runCall(call, tools.get(call.name))));
    for (const [index, call] of calls.entries())
      yield* finish(call, endings[index] as Ending, context);
    return;
  }
  for (const call of calls) {
    if (signal.aborted)
      await leaveCall(call, "The run was cancelled before this call was run", context.transcript);
    else {
      yield startOf(call, tools.get(call.name));
      yield* finish(call, await runCall(call, tools.get(call.name)), context);
    }
  }
}

/** Answers a call that will not be run: a history with an open call cannot be continued. */
async function leaveCall(
  { toolCallId, name }: ModelCall,
  reason: string,
  transcript: Transcript,
): Promise<void> {
  await transcript.add({
    role: "tool",
    toolCallId,
    name,
    text: `Not run: ${reason}`,
    failed: true,
  });
}

interface Ending {
  readonly outcome: OfferedOutcome;
  /** Something that no model can act on; thrown once the call is accounted for. */
  readonly bug?: unknown;
}

async function runCall(call: ModelCall, tool: OfferedTool | undefined): Promise<Ending> {
  if (tool === undefined)
    return {
      outcome: refusal(
        "unknown_tool",
        `There is no tool ${call.name}; use one of those you were given`,
      ),
    };
  if (call.problem !== undefined) return { outcome: refusal("invalid_input", call.problem) };
  try {
    return { outcome: await tool.call(call) };
  } catch (bug) {
    return {
      outcome: refusal("internal_error", bug instanceof Error ? bug.message : String(bug)),
      bug,
    };
  }
}

function startOf(
  { toolCallId, name, input }: ModelCall,
  tool: OfferedTool | undefined,
): HarnessEvent {
  return { type: "tool.started", toolCallId, name, kind: tool?.kind ?? "other", input };
}

async function* finish(
  call: ModelCall,
  { outcome, bug }: Ending,
  { tools, transcript }: CallContext,
): AsyncGenerator<HarnessEvent, void> {
  const { toolCallId, name } = call;
  await transcript.add({
    role: "tool",
    toolCallId,
    name,
    text: renderOutcome(outcome),
    failed: !outcome.ok,
    ...(outcome.media && { media: [...outcome.media] }),
  });
  const output = outcome.ok ? outcome.output : outcome.error;
  const exitCode = outcome.ok ? outcome.output["exitCode"] : undefined;
  const hasExitCode = exitCode === null || typeof exitCode === "number";
  // To the model a command that failed is an answer; a host reads `ok` alike of every harness.
  const ok = outcome.ok && (!hasExitCode || exitCode === 0);
  yield { type: "tool.finished", toolCallId, name, ok, output, ...(hasExitCode && { exitCode }) };
  const announce = tools.get(name)?.announce;
  if (outcome.ok && announce) yield announce(call.input);
  if (bug !== undefined)
    throw new Error(`The tool ${name} failed in a way that is not an answer`, { cause: bug });
}

function refusal(code: string, message: string): ToolOutcome {
  return { ok: false, error: { code, message } };
}
