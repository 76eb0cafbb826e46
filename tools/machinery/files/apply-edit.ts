// Replacing exact text, and saying why it could not be found.
import { CodedError } from "../../coded-error.ts";
import { headOf } from "../text/cut.ts";

export interface Edit {
  readonly oldText: string;
  readonly newText: string;
  readonly all: boolean;
}

const MAX_LINES_NAMED = 20;
/** A larger file, or a later line, gets no hint: looking for one would hold up everybody else. */
const MAX_HINTED_CHARS = 1024 * 1024;
const MAX_LINES_COMPARED = 5000;
const MAX_SHOWN_CHARS = 200;
/** Share of letter pairs two lines must have in common to be called similar. */
const SIMILAR_ENOUGH = 0.5;

/**
 * Replaces one occurrence, or with `all` every one. What comes new ends its lines as the lines around it do, whatever the edit is written with.
 * `what` and `path` begin the message. Throws CodedError: `no_match`, `ambiguous_match`.
 */
export function applyEdit(
  text: string,
  edit: Edit,
  what: string,
  path: string,
): { text: string; count: number } {
  const { oldText, newText } = inLineEndsOf(text, edit);
  const found = occurrences(text, oldText);
  if (found.length === 0) throw noMatch(text, oldText, what, path);
  if (found.length > 1 && !edit.all) throw ambiguous(text, found, what, path);
  return { text: replaceAt(text, found, oldText, newText), count: found.length };
}

/** The old text as the file has it: with CRLF where it is only there so. */
function inLineEndsOf(text: string, edit: Edit): { oldText: string; newText: string } {
  const isOnlyThereInCrlf = !text.includes(edit.oldText) && text.includes(toCrlf(edit.oldText));
  return isOnlyThereInCrlf ? { ...edit, oldText: toCrlf(edit.oldText) } : edit;
}

/** Lines that come new take the line end of the lines around them. */
function replaceAt(
  text: string,
  places: readonly number[],
  oldText: string,
  newText: string,
): string {
  let replaced = "";
  let from = 0;
  for (const at of places) {
    const end = at + oldText.length;
    const isCrlf = newText.includes("\n") && endsInCrlfAround(text, at, end);
    replaced += text.slice(from, at) + (isCrlf ? toCrlf(newText) : newText);
    from = end;
  }
  return replaced + text.slice(from);
}

/** By the line ends within the place, else by the nearest one behind it, else before it. */
function endsInCrlfAround(text: string, start: number, end: number): boolean {
  const within = text.slice(start, end).match(/\r?\n/g);
  if (within) return within.every((lineEnd) => lineEnd === "\r\n");
  const behind = text.indexOf("\n", end);
  const nearest = behind === -1 ? text.lastIndexOf("\n", start - 1) : behind;
  return nearest > 0 && text[nearest - 1] === "\r";
}

function toCrlf(text: string): string {
  return text.replaceAll(/\r?\n/g, "\r\n");
}

function occurrences(text: string, part: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length))
    found.push(at);
  return found;
}

function ambiguous(text: string, found: readonly number[], what: string, path: string): CodedError {
  const lines = found.slice(0, MAX_LINES_NAMED).map((at) => lineNumberAt(text, at));
  const more = found.length > lines.length ? ", …" : "";
  return new CodedError(
    "ambiguous_match",
    `${what} matches ${found.length} times in ${path}, at lines ${lines.join(", ")}${more}: give more of the text around it, or set \`all\``,
    { data: { path, count: found.length, lines } },
  );
}

function noMatch(text: string, oldText: string, what: string, path: string): CodedError {
  const isTooLarge = text.length > MAX_HINTED_CHARS;
  const hint = isTooLarge
    ? undefined
    : (whiteSpaceTwin(text, oldText) ?? similarLine(text, oldText));
  const said =
    hint?.message ?? (isTooLarge ? "search for it with fs_grep" : "nothing like it is in the file");
  return new CodedError(
    "no_match",
    `${what} does not match: its \`oldText\` is not in ${path}; ${said}`,
    {
      data: { path, ...(hint && { line: hint.line, found: hint.found }) },
    },
  );
}

interface Hint {
  readonly line: number;
  readonly found: string;
  readonly message: string;
}

/** Lines that are the same but for white space: the usual reason. */
function whiteSpaceTwin(text: string, oldText: string): Hint | undefined {
  const wanted = oldText.trim().split("\n").map(withoutWhiteSpace);
  const lines = text.split("\n");
  const bare = lines.map(withoutWhiteSpace);
  const isTwin = (at: number): boolean =>
    wanted.every((line, index) => isLike(bare[at + index], line, index, wanted.length));
  const at = bare.findIndex((_, index) => isTwin(index));
  if (at === -1 || wanted.every((line) => line === "")) return undefined;
  const found = lines.slice(at, at + wanted.length).join("\n");
  const where =
    wanted.length === 1
      ? `line ${at + 1} differs`
      : `lines ${at + 1} to ${at + wanted.length} differ`;
  return {
    line: at + 1,
    found: shown(found),
    message: `${where} from it only in white space: ${JSON.stringify(shown(found))}`,
  };
}

/** The first and the last line of the old text may be parts of lines. */
function isLike(line: string | undefined, wanted: string, index: number, count: number): boolean {
  if (line === undefined) return false;
  if (count === 1) return line.includes(wanted);
  if (index === 0) return line.endsWith(wanted);
  return index === count - 1 ? line.startsWith(wanted) : line === wanted;
}

function similarLine(text: string, oldText: string): Hint | undefined {
  const wanted = oldText
    .split("\n")
    .reduce((longest, line) => (line.trim().length > longest.length ? line.trim() : longest), "");
  const wantedPairs = letterPairs(wanted);
  let best = { score: SIMILAR_ENOUGH, line: 0, found: "" };
  for (const [index, line] of text.split("\n", MAX_LINES_COMPARED).entries()) {
    const score = likeness(wantedPairs, letterPairs(line.trim().slice(0, MAX_SHOWN_CHARS)));
    if (score > best.score) best = { score, line: index + 1, found: shown(line.trimEnd()) };
  }
  if (best.line === 0) return undefined;
  return {
    line: best.line,
    found: best.found,
    message: `the nearest is line ${best.line}: ${JSON.stringify(best.found)}`,
  };
}

function letterPairs(line: string): Set<string> {
  const pairs = new Set<string>();
  for (let at = 0; at < line.length - 1; at++) pairs.add(line.slice(at, at + 2));
  return pairs;
}

function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size + other.size === 0) return 0;
  let shared = 0;
  for (const pair of one) if (other.has(pair)) shared++;
  return (2 * shared) / (one.size + other.size);
}

function withoutWhiteSpace(line: string): string {
  return line.replaceAll(/\s+/g, "");
}

function shown(text: string): string {
  return text.length > MAX_SHOWN_CHARS ? `${headOf(text, MAX_SHOWN_CHARS)}…` : text;
}

function lineNumberAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
