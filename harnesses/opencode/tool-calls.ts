// The tool calls of a run of OpenCode, from its snapshots of each call's state to what has changed.
import type { HarnessEvent } from "../events.ts";
import type { PartOf, ToolState } from "./protocol.ts";

type Kind = Extract<HarnessEvent, { type: "tool.started" }>["kind"];

const KINDS: Readonly<Record<string, Kind>> = {
  bash: "execute",
  read: "read",
  write: "write",
  edit: "write",
  multiedit: "write",
  apply_patch: "write",
  patch: "write",
  glob: "search",
  grep: "search",
  list: "search",
  lsp: "search",
  websearch: "fetch",
  webfetch: "fetch",
  todowrite: "think",
  todoread: "think",
};

/** How OpenCode lets the model answer under a schema: no tool of the box, and told as the result. */
const ANSWER_TOOL = "StructuredOutput";
/** Enough of the output's end to find where a window that has moved on continues it. */
const OVERLAP_CHARACTERS = 200;

export interface OpenCall {
  readonly name: string;
  readonly input: unknown;
}

export class ToolCalls {
  readonly #open = new Map<string, OpenCall & { shown: string }>();
  readonly #finished = new Set<string>();

  /** A call that has begun and not ended. */
  get(toolCallId: string): OpenCall | undefined {
    return this.#open.get(toolCallId);
  }

  get areAllFinished(): boolean {
    return this.#open.size === 0;
  }

  *update({
    tool: name,
    callID: toolCallId,
    state,
  }: PartOf<"tool">): Generator<HarnessEvent, void> {
    if (name === ANSWER_TOOL || state.status === "pending" || this.#finished.has(toolCallId))
      return;
    let call = this.#open.get(toolCallId);
    if (!call) {
      call = { name, input: state.input, shown: "" };
      this.#open.set(toolCallId, call);
      yield {
        type: "tool.started",
        toolCallId,
        name,
        kind: KINDS[name] ?? "other",
        input: state.input,
      };
    }
    const output = state.metadata?.output;
    if (KINDS[name] === "execute" && typeof output === "string") {
      const text = continuation(call.shown, output);
      call.shown = output;
      if (text !== "") yield { type: "tool.output", toolCallId, stream: "stdout", text };
    }
    if (state.status === "running") return;
    this.#open.delete(toolCallId);
    this.#finished.add(toolCallId);
    yield finished(toolCallId, name, state);
  }
}

function finished(
  toolCallId: string,
  name: string,
  { status, output, error, metadata }: ToolState,
): HarnessEvent {
  if (status === "error")
    return {
      type: "tool.finished",
      toolCallId,
      name,
      ok: false,
      output: { message: error ?? "The tool failed" },
    };
  const exit = metadata?.exit;
  const exitCode = exit === undefined ? undefined : typeof exit === "number" ? exit : null;
  const ok = exitCode === undefined || exitCode === 0;
  return {
    type: "tool.finished",
    toolCallId,
    name,
    ok,
    output: { output: output ?? "" },
    ...(exitCode !== undefined && { exitCode }),
  };
}

/** What a snapshot of the output adds to the one before. A long output is shown through a window that moves on. */
function continuation(before: string, now: string): string {
  if (now.startsWith(before)) return now.slice(before.length);
  const tail = before.slice(-OVERLAP_CHARACTERS);
  const at = now.lastIndexOf(tail);
  return at < 0 ? now : now.slice(at + tail.length);
}
