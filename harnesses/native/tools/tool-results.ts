// How a tool's answer reads to a model: plain text rather than escaped JSON, and never longer than it can use.
import { headOf, tailOf } from "../../../tools/machinery/text/cut.ts";
import type { ToolOutcome } from "../../../tools/tool.ts";

const MAX_RESULT_CHARS = 100_000;
const MAX_DECIMALS = 1;
/** The end of an output mostly says how it went. */
const HEAD_SHARE = 0.6;

export function renderOutcome(outcome: ToolOutcome): string {
  if (!outcome.ok) return shorten(`Error ${outcome.error.code}: ${outcome.error.message}`);
  const entries = Object.entries(outcome.output).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  const only = entries.length === 1 ? entries[0]?.[1] : undefined;
  return shorten(
    typeof only === "string"
      ? only
      : entries.map(([name, value]) => renderField(name, value)).join("\n"),
  );
}

function renderField(name: string, value: unknown): string {
  if (typeof value !== "string") return `${name}: ${JSON.stringify(value, brief)}`;
  return value.includes("\n")
    ? `${name}:\n${value.endsWith("\n") ? value.slice(0, -1) : value}`
    : `${name}: ${value}`;
}

/** Nothing that is null, and no more digits than a reader needs. */
function brief(_: string, value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === "number" ? Number(value.toFixed(MAX_DECIMALS)) : value;
}

/** Cuts the middle out of a text that is too long, and says how much. */
export function shorten(text: string, maxChars: number = MAX_RESULT_CHARS): string {
  if (text.length <= maxChars) return text;
  const head = headOf(text, Math.floor(maxChars * HEAD_SHARE));
  const tail = tailOf(text, maxChars - head.length);
  const leftOut = text.length - head.length - tail.length;
  return `${head}\n[… ${leftOut} characters left out here; ask for a part to see them …]\n${tail}`;
}
