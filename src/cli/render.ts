// A run's events as a person reads them: text as it streams, tools with their live output, changes, and what it all took.
import { styleText } from "node:util";
import type { Envelope, EventType, RunUsage } from "../wire/events.ts";

type Style = Parameters<typeof styleText>[0];

const LONGEST_INPUT = 160;
const BYTES_PER_MIB = 1024 * 1024;

/** Writes events of one run as readable text. `colour` off for a file or a pipe. */
export class Renderer {
  readonly #write: (text: string) => void;
  readonly #colour: boolean;
  /** Messages that have been streamed, so that the fact closing them is not printed again. */
  readonly #streamed = new Set<string>();
  #atLineStart = true;

  constructor(write: (text: string) => void, colour: boolean) {
    this.#write = write;
    this.#colour = colour;
  }

  /** Events that a person need not see are passed over. */
  show<Type extends EventType>(event: Envelope<Type>): void {
    const show: ((event: Envelope<Type>) => void) | undefined = this.#ways[event.type];
    show?.(event);
  }

  readonly #ways: { readonly [Type in EventType]?: (event: Envelope<Type>) => void } = {
    "run.queued": ({ position }) =>
      position > 0 && this.#line("dim", `… waiting behind ${position} other runs`),
    "run.started": ({ harness, model, runId, cwd }) =>
      this.#line(
        "bold",
        `▶ ${[harness, model, runId, cwd].filter((each) => each !== null).join(" · ")}`,
      ),
    "run.steered": ({ text }) => this.#line("cyan", `» ${text}`),
    "run.ended": (event) => this.#showEnd(event),
    "message.delta": ({ messageId, text }) => this.#stream(`message ${messageId}`, undefined, text),
    "reasoning.delta": ({ messageId, text }) => this.#stream(`reasoning ${messageId}`, "dim", text),
    message: ({ messageId, text }) => this.#whole(`message ${messageId}`, undefined, text),
    reasoning: ({ messageId, text }) => this.#whole(`reasoning ${messageId}`, "dim", text),
    "message.retracted": ({ reason }) => this.#line("yellow", `(taken back: ${reason})`),
    "tool.started": ({ name, input }) => this.#line("cyan", `● ${name} ${brief(input)}`),
    "tool.output": ({ text }) => this.#text("dim", indent(text, this.#atLineStart)),
    "tool.finished": ({ ok, exitCode, output }) =>
      this.#line(
        ok ? "dim" : "red",
        `  └ ${ok ? "done" : "failed"}${exitNote(exitCode)}${ok ? "" : ` ${brief(output)}`}`,
      ),
    "file.changed": (event) => this.#showChange(event),
    "plan.updated": ({ steps }) =>
      this.#line(
        "magenta",
        steps.map(({ status, text }) => `  ${MARKS[status]} ${text}`).join("\n"),
      ),
    notice: ({ code, message }) => this.#line("yellow", `! ${code}: ${message}`),
    "permission.requested": ({ name, input, permissionId, deadline }) =>
      this.#line(
        "yellow",
        `? ${name} ${brief(input)} asks for permission ${permissionId} until ${deadline}`,
      ),
    "permission.resolved": ({ decision, by, reason }) =>
      this.#line("yellow", `  ${decision} by ${by}${reason === null ? "" : `: ${reason}`}`),
  };

  #showChange({ change, path, diff }: Envelope<"file.changed">): void {
    this.#line("bold", `  ${change} ${path}`);
    for (const line of (diff ?? "")
      .split("\n")
      .filter((each) => /^[-+@ ]/.test(each) && !/^(---|\+\+\+) /.test(each))) {
      this.#line(
        line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim",
        `  ${line}`,
      );
    }
  }

  #showEnd({ outcome, result, error, usage, durationMs }: Envelope<"run.ended">): void {
    if (result?.json !== undefined) this.#line(undefined, JSON.stringify(result.json, null, 2));
    if (error) this.#line("red", `${error.code}: ${error.message}`);
    this.#line(
      outcome === "completed" ? "green" : "red",
      `■ ${outcome} in ${(durationMs / 1000).toFixed(1)} s · ${describeUsage(usage)}`,
    );
  }

  #stream(key: string, style: Style | undefined, text: string): void {
    if (!this.#streamed.has(key) && !this.#atLineStart) this.#text(undefined, "\n");
    this.#streamed.add(key);
    this.#text(style, text);
  }

  #whole(key: string, style: Style | undefined, text: string): void {
    if (this.#streamed.has(key)) this.#text(undefined, this.#atLineStart ? "" : "\n");
    else if (text !== "") this.#line(style, text);
  }

  #line(style: Style | undefined, text: string): void {
    this.#text(undefined, this.#atLineStart ? "" : "\n");
    this.#text(style, text);
    this.#text(undefined, "\n");
  }

  #text(style: Style | undefined, text: string): void {
    if (text === "") return;
    this.#write(
      style === undefined || !this.#colour
        ? text
        : styleText(style, text, { validateStream: false }),
    );
    this.#atLineStart = text.endsWith("\n");
  }
}

const MARKS = { pending: "☐", in_progress: "◐", completed: "☑", cancelled: "☒" } as const;

export function describeUsage(usage: RunUsage): string {
  const {
    turns,
    inputTokens,
    outputTokens,
    cachedInputTokens,
    costUsd,
    costBasis,
    cpuMs,
    peakMemoryBytes,
  } = usage;
  const parts = [
    `${turns} turns`,
    `${inputTokens} tokens in (${cachedInputTokens} cached), ${outputTokens} out`,
  ];
  parts.push(
    costUsd === null ? "cost unknown" : `$${costUsd.toFixed(4)} ${costBasis ?? ""}`.trim(),
  );
  if (cpuMs !== null) parts.push(`${(cpuMs / 1000).toFixed(1)} s CPU`);
  if (peakMemoryBytes !== null)
    parts.push(`${Math.round(peakMemoryBytes / BYTES_PER_MIB)} MiB peak`);
  return parts.join(" · ");
}

function exitNote(exitCode: number | null | undefined): string {
  return typeof exitCode === "number" ? ` (exit ${exitCode})` : "";
}

/** A tool's input in one line: the command or path alone where there is one. */
function brief(input: unknown): string {
  const fields =
    typeof input === "object" && input !== null ? (input as Record<string, unknown>) : {};
  const subject = fields["command"] ?? fields["path"] ?? fields["message"] ?? input;
  const text = (typeof subject === "string" ? subject : (JSON.stringify(subject) ?? "")).replaceAll(
    /\s+/g,
    " ",
  );
  return text.length > LONGEST_INPUT ? `${text.slice(0, LONGEST_INPUT)}…` : text;
}

function indent(text: string, atLineStart: boolean): string {
  const inner = text.replaceAll(/\n(?!$)/g, "\n  │ ");
  return atLineStart ? `  │ ${inner}` : inner;
}
