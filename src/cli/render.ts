// A run's events as a person reads them: text as it streams, tools with their live output, changes, and what it all took.
import type { Envelope, EventType } from "../wire/events.ts";
import { count, describeUsage } from "./run-text.ts";
import { hunksOf, linesOfDiff } from "./tool-call-changes.ts";
import { describeCall, failureText, outputText } from "./tool-call-text.ts";
import { TextWriter } from "./text-writer.ts";

/** Of the output that a call shows only at its end, and of one file's diff. */
const MOST_LINES = 40;
const MARKS = { pending: "☐", in_progress: "◐", completed: "☑", cancelled: "☒" } as const;

/** These wait for the end of a sentence that is being streamed; all else ends it. */
const ASIDES: ReadonlySet<string> = new Set([
  "file.changed",
  "notice",
  "plan.updated",
  "tool.output",
  "tool.finished",
]);

interface OpenCall {
  readonly text: string;
  readonly kind: string;
  hasOutput: boolean;
}

/** Writes events of one run as readable text. `colour` off for a file or a pipe. */
export class Renderer {
  readonly #out: TextWriter;
  readonly #calls = new Map<string, OpenCall>();
  /** What is shown when the sentence under way has ended. */
  readonly #held: (() => void)[] = [];
  /** The call whose output stands last. */
  #lastCall: string | undefined;
  #cwd = "";

  constructor(write: (text: string) => void, colour: boolean) {
    this.#out = new TextWriter(write, colour);
  }

  /** Events that a person need not see are passed over. */
  show<Type extends EventType>(event: Envelope<Type>): void {
    const way: ((event: Envelope<Type>) => void) | undefined = this.#ways[event.type];
    if (way === undefined) return;
    if (this.#out.isInText && ASIDES.has(event.type)) this.#held.push(() => way(event));
    else way(event);
    if (!this.#out.isInText) for (const show of this.#held.splice(0)) show();
  }

  readonly #ways: { readonly [Type in EventType]?: (event: Envelope<Type>) => void } = {
    "run.queued": ({ position }) =>
      position > 0 && this.#out.line("dim", `… waiting behind ${count(position, "other run")}`),
    "run.started": ({ harness, model, runId, cwd }) => {
      this.#cwd = cwd;
      this.#out.line(
        "bold",
        `▶ ${[harness, model, runId, cwd].filter((each) => each !== null).join(" · ")}`,
      );
    },
    "run.steered": ({ text }) => this.#out.line("cyan", `» ${text}`),
    "run.cancelling": ({ reason }) => this.#out.line("yellow", `… cancelling: ${reason}`),
    "run.ended": (event) => this.#showEnd(event),
    "message.delta": ({ messageId, text }) => this.#out.stream(messageId, undefined, text),
    "reasoning.delta": ({ messageId, text }) =>
      this.#out.stream(`reasoning ${messageId}`, "dim", text),
    message: ({ messageId, text }) => this.#out.whole(messageId, undefined, text),
    reasoning: ({ messageId, text }) => this.#out.whole(`reasoning ${messageId}`, "dim", text),
    "message.retracted": ({ reason }) => this.#out.line("yellow", `(taken back: ${reason})`),
    "tool.started": ({ toolCallId, name, kind, input }) => {
      const text = describeCall({ name, input }, this.#cwd);
      this.#calls.set(toolCallId, { text, kind, hasOutput: false });
      this.#lastCall = toolCallId;
      this.#out.line("cyan", `● ${text}`);
    },
    "tool.output": ({ toolCallId, text }) => this.#showOutput(toolCallId, text),
    "tool.finished": (event) => this.#showFinished(event),
    "file.changed": (event) => this.#showChange(event),
    "plan.updated": ({ steps }) =>
      steps.length > 0 &&
      this.#out.line(
        "magenta",
        steps.map(({ status, text }) => `  ${MARKS[status]} ${text}`).join("\n"),
      ),
    notice: ({ code, message }) => this.#out.line("yellow", `! ${code}: ${message}`),
    "permission.requested": ({ name, input, permissionId, deadline, defaultDecision }) =>
      this.#out.line(
        "yellow",
        `? ${describeCall({ name, input }, this.#cwd)}\n` +
          `  waits for \`harnessd permissions answer ${permissionId} allow\` or \`deny\`; ${defaultDecision} at ${deadline}`,
      ),
    "permission.resolved": ({ decision, by, reason }) =>
      this.#out.line("yellow", `  ${decision} by ${by}${reason === null ? "" : `: ${reason}`}`),
  };

  #showOutput(toolCallId: string, text: string): void {
    const call = this.#calls.get(toolCallId);
    if (call && this.#lastCall !== toolCallId) this.#out.line("dim", `  ┌ ${call.text}`);
    this.#lastCall = toolCallId;
    if (call) call.hasOutput = true;
    this.#out.text("dim", indent(text, this.#out.isAtLineStart));
  }

  /** Of several calls at once each end is named. */
  #showFinished({ toolCallId, ok, exitCode, output }: Envelope<"tool.finished">): void {
    const call = this.#calls.get(toolCallId);
    const isNamed = call !== undefined && this.#lastCall !== toolCallId;
    if (call?.kind === "execute" && !call.hasOutput) this.#showWholeOutput(toolCallId, output);
    this.#calls.delete(toolCallId);
    const exit = typeof exitCode === "number" && exitCode !== 0 ? ` (exit ${exitCode})` : "";
    const isSaid = ok || (call?.kind === "execute" && typeof exitCode === "number");
    const why = isSaid ? "" : failureText(output);
    const parts = [isNamed ? `${call.text}: ` : "", ok ? "done" : "failed", exit];
    this.#out.line(ok ? "dim" : "red", `  └ ${parts.join("")}${why && `: ${why}`}`);
  }

  /** Of a command whose output has not been shown as it came. */
  #showWholeOutput(toolCallId: string, output: unknown): void {
    const lines = outputText(output).trimEnd().split("\n");
    const hidden = lines.length - MOST_LINES;
    const shown =
      hidden > 0 ? [`… ${count(hidden, "line")} before`, ...lines.slice(hidden)] : lines;
    const text = shown.join("\n");
    if (text !== "") this.#showOutput(toolCallId, `${text}\n`);
  }

  #showChange({ change, path, diff }: Envelope<"file.changed">): void {
    const changed = diff === null ? undefined : linesOfDiff(diff);
    const amount = changed ? ` (+${changed.added} −${changed.removed})` : "";
    this.#out.line("bold", `  ${change} ${path}${amount}`);
    const lines = diff === null ? [] : hunksOf(diff);
    for (const line of lines.slice(0, MOST_LINES)) {
      const style = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim";
      this.#out.line(style, `  ${line}`);
    }
    if (lines.length > MOST_LINES)
      this.#out.line("dim", `  … ${count(lines.length - MOST_LINES, "further line")}`);
  }

  #showEnd({ outcome, result, error, usage, durationMs }: Envelope<"run.ended">): void {
    this.#out.endText();
    for (const show of this.#held.splice(0)) show();
    if (result?.json !== undefined) this.#out.line(undefined, JSON.stringify(result.json, null, 2));
    if (error) this.#out.line("red", `${error.code}: ${error.message}`);
    this.#out.line(
      outcome === "completed" ? "green" : "red",
      `■ ${outcome} in ${(durationMs / 1000).toFixed(1)} s · ${describeUsage(usage)}`,
    );
  }
}

function indent(text: string, isAtLineStart: boolean): string {
  const inner = text.replaceAll(/\n(?!$)/g, "\n  │ ");
  return isAtLineStart ? `  │ ${inner}` : inner;
}
