// Tool calls of every harness as a person would write them: the command, or what is done to which path; never raw JSON.
import { isPatchField, linesChanged, patchedFiles } from "./tool-call-changes.ts";
import { quote } from "./shell-words.ts";

export interface Call {
  readonly name: string;
  readonly input: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const LONGEST_CALL = 160;
const LONGEST_VALUE = 60;
/** What harnesses call the same thing, the most telling first. */
const COMMAND = ["command", "cmd", "script"];
const PATH = ["path", "file_path", "filePath", "notebook_path", "file", "directory", "paths"];
const PATTERN = ["pattern", "patterns", "query", "regex", "glob"];
const SAID = ["url", "uri", "description", "prompt", "message", "question", "name"];

/** In one line: `$ npm test`, `edit src/app.ts (+3 −2)`, `grep "TODO" in src`. Paths below `cwd` are shown relative to it. */
export function describeCall({ name, input }: Call, cwd = ""): string {
  const fields = recordOf(input);
  const command = fieldOf(fields, COMMAND);
  const text =
    command === undefined
      ? [verbOf(name), subjectOf(fields, cwd), changeOf(fields)].filter(Boolean).join(" ")
      : `$ ${typeof command === "string" ? command : command.map(quote).join(" ")}`;
  return shorten(text, LONGEST_CALL);
}

/** `fs_edit` and `Edit` are "edit", `mcp__docs__find_page` is "docs: find page"; a program's own prefix says nothing to a person. */
function verbOf(name: string): string {
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
  if (server !== undefined && tool !== undefined) return `${server}: ${words(tool)}`;
  return words(name.replace(/^(fs|shell)_/, ""));
}

function words(name: string): string {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .toLowerCase();
}

function subjectOf(fields: Fields, cwd: string): string {
  const patched = patchedFiles(fields);
  if (patched.length > 0)
    return patched.map(({ what, path }) => `${what}${below(cwd, path)}`).join(", ");
  const [from, to] = [fields["from"] ?? fields["source"], fields["to"] ?? fields["destination"]];
  if (typeof from === "string" && typeof to === "string")
    return `${below(cwd, from)} → ${below(cwd, to)}`;
  const pattern = fieldOf(fields, PATTERN);
  const given = fieldOf(fields, PATH);
  const path = given === undefined ? undefined : below(cwd, textOf(given));
  if (pattern !== undefined)
    return `"${textOf(pattern)}"${path === undefined || path === "." ? "" : ` in ${path}`}`;
  if (path !== undefined) return `${path}${linesRead(fields)}`;
  const said = fieldOf(fields, SAID);
  return said === undefined ? listOf(fields) : shorten(textOf(said), LONGEST_CALL);
}

/** ` (+3 −2)` of a call that says what it changes. */
function changeOf(fields: Fields): string {
  const changed = linesChanged(fields);
  return changed === undefined ? "" : `(+${changed.added} −${changed.removed})`;
}

/** `:20-39` of a call that reads a part of a file. */
function linesRead(fields: Fields): string {
  const isByName = fields["file_path"] !== undefined || fields["filePath"] !== undefined;
  // What `offset` counts is lines with agents' own tools, and bytes with ours.
  const first = fields["startLine"] ?? (isByName ? fields["offset"] : undefined);
  const lines = fields["maxLines"] ?? fields["limit"];
  if (typeof first !== "number") return "";
  return typeof lines === "number" ? `:${first}-${first + lines - 1}` : `:${first}-`;
}

/** What no rule above knows: `state: open, labels: 2 entries`. */
function listOf(fields: Fields): string {
  return Object.entries(fields)
    .filter(([name, value]) => value !== null && value !== undefined && !isPatchField(name))
    .map(([name, value]) => `${words(name)}: ${valueText(value)}`)
    .join(", ");
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) {
    const isPlain = value.every((each) => typeof each !== "object");
    return isPlain ? shorten(value.join(" "), LONGEST_VALUE) : `${value.length} entries`;
  }
  if (typeof value === "object" && value !== null) return `${Object.keys(value).length} fields`;
  return shorten(String(value), LONGEST_VALUE);
}

/** What a tool has printed or answered, as text; empty when it holds none. */
export function outputText(output: unknown): string {
  if (typeof output === "string") return output;
  if (Array.isArray(output)) return output.map(outputText).filter(Boolean).join("\n");
  const { stdout, stderr, output: inner, text, content, message, error, status } = recordOf(output);
  if (typeof stdout === "string" || typeof stderr === "string")
    return [stdout, stderr].filter((each) => typeof each === "string").join("");
  for (const each of [inner, text, message, content, error, status]) {
    const found = each === undefined || each === null ? "" : outputText(each);
    if (found !== "") return found;
  }
  return "";
}

/** Why a call failed, in one line; of a long output its end, where programs say what went wrong. */
export function failureText(output: unknown): string {
  const { message } = recordOf(output);
  const text = typeof message === "string" ? message : outputText(output);
  const line = oneLine(text);
  return line.length > LONGEST_CALL ? `…${line.slice(-LONGEST_CALL)}` : line;
}

function below(cwd: string, path: string): string {
  return cwd !== "" && path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path;
}

function textOf(value: string | readonly string[]): string {
  return typeof value === "string" ? value : value.join(" ");
}

/** The first of the fields that is a text or a list of texts. */
function fieldOf(fields: Fields, names: readonly string[]): string | readonly string[] | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string") return value;
    if (Array.isArray(value) && value.length > 0 && value.every(isText)) return value;
  }
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function shorten(text: string, longest: number): string {
  const line = oneLine(text);
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function recordOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}
