// One line of ripgrep's JSON output as fs_grep tells it.
import { z } from "zod";
import { middleOf } from "../text/cut.ts";

export const GrepLine = z.object({
  path: z.string().describe("Relative to the `path` of the answer."),
  line: z.number().int().describe("From 1."),
  column: z
    .number()
    .int()
    .nullable()
    .describe("Where the first match begins, in characters from 1; null for a line of context."),
  text: z
    .string()
    .describe(
      "Without its line end; a long line is cut around the match, which is then marked with `…`.",
    ),
});
export type GrepLine = z.output<typeof GrepLine>;

const MAX_LINE_CHARS = 500;
/** How much of a long line is shown before the match. */
const LEAD_CHARS = 100;

// Where a text or a name is not UTF-8, ripgrep gives its bytes.
const Text = z.union([
  z.object({ text: z.string() }).transform(({ text }) => text),
  z.object({ bytes: z.string() }).transform(({ bytes }) => Buffer.from(bytes, "base64").toString()),
]);

const Message = z.object({
  type: z.enum(["match", "context"]),
  data: z.object({
    path: Text,
    lines: Text,
    line_number: z.number(),
    submatches: z.array(z.object({ start: z.number() })),
  }),
});

/** Undefined for a message that is not about a line. */
export function grepLine(record: string): GrepLine | undefined {
  const { data: message } = Message.safeParse(JSON.parse(record));
  if (!message) return undefined;
  const { path, lines, line_number: line, submatches } = message.data;
  const text = lines.replace(/\r?\n$/, "");
  const [first] = submatches;
  const column =
    message.type === "match"
      ? Buffer.from(lines)
          .subarray(0, first?.start ?? 0)
          .toString().length + 1
      : null;
  return { path: path.replace(/^\.\//, ""), line, column, text: cutAround(text, column ?? 1) };
}

function cutAround(text: string, column: number): string {
  if (text.length <= MAX_LINE_CHARS) return text;
  const start = Math.max(0, column - 1 - LEAD_CHARS);
  const end = start + MAX_LINE_CHARS;
  return `${start > 0 ? "…" : ""}${middleOf(text, start, end)}${end < text.length ? "…" : ""}`;
}
