// What a tool call says that it changes in files: patches and replacements, in the forms that agents use.

type Fields = Readonly<Record<string, unknown>>;

export interface LinesChanged {
  readonly added: number;
  readonly removed: number;
}

const PATCH_FIELDS = ["patch", "patchText", "diff", "input"];
const BEFORE = ["oldText", "old_string", "oldString"];
const AFTER = ["newText", "new_string", "newString", "content", "new_source"];
const CHANGE_FIELDS: ReadonlySet<string> = new Set([
  ...PATCH_FIELDS,
  ...BEFORE,
  ...AFTER,
  "changes",
  "edits",
]);

/** True for a field that holds the change itself, which is counted and not shown. */
export function isPatchField(name: string): boolean {
  return CHANGE_FIELDS.has(name);
}

/** The files that a patch or a list of changes names; `what` is `add ` or `delete ` where it is not a change of their text. */
export function patchedFiles(fields: Fields): { what: string; path: string }[] {
  const fromList = listOf(fields["changes"]).flatMap(({ path, kind }) =>
    typeof path === "string" ? [{ what: prefixOf(kind), path }] : [],
  );
  if (fromList.length > 0) return fromList;
  const named = patchOf(fields)?.matchAll(/^\*\*\* (Add|Update|Delete) File: (.+)$/gm) ?? [];
  return [...named].map(([, what = "", path = ""]) => ({ what: prefixOf(what), path }));
}

/** Undefined where the call does not say. */
export function linesChanged(fields: Fields): LinesChanged | undefined {
  const patch = patchOf(fields);
  const all = [
    patch === undefined ? undefined : linesOfDiff(patch),
    ...listOf(fields["changes"]).map(linesOfChange),
    ...[fields, ...listOf(fields["edits"])].map(linesReplaced),
  ].filter((each) => each !== undefined);
  return all.length === 0
    ? undefined
    : {
        added: all.reduce((sum, each) => sum + each.added, 0),
        removed: all.reduce((sum, each) => sum + each.removed, 0),
      };
}

/** Lines of a unified diff or a patch, its headers apart. */
export function linesOfDiff(diff: string): LinesChanged {
  const lines = hunksOf(diff);
  return {
    added: lines.filter((line) => line.startsWith("+")).length,
    removed: lines.filter((line) => line.startsWith("-")).length,
  };
}

/** The lines of a diff from its first hunk on; all of them where it has no header. */
export function hunksOf(diff: string): string[] {
  const lines = diff.replace(/\n$/, "").split("\n");
  const first = lines.findIndex((line) => line.startsWith("@@"));
  const isWithHeader = lines.some((line) => line.startsWith("--- ")) && first >= 0;
  return (isWithHeader ? lines.slice(first) : lines).filter((line) => /^[-+@ ]/.test(line));
}

/** Of a new file and of a deleted one Codex gives the contents, without signs. */
function linesOfChange(change: Fields): LinesChanged | undefined {
  const diff = patchOf(change);
  if (diff === undefined) return undefined;
  const what = prefixOf(change["kind"]);
  if (what === "") return linesOfDiff(diff);
  const lines = lineCount(diff);
  return what === "add " ? { added: lines, removed: 0 } : { added: 0, removed: lines };
}

function patchOf(fields: Fields): string | undefined {
  const name = PATCH_FIELDS.find((each) => typeof fields[each] === "string");
  return name === undefined ? undefined : (fields[name] as string);
}

function linesReplaced(fields: Fields): LinesChanged | undefined {
  const [before, after] = [textOf(fields, BEFORE), textOf(fields, AFTER)];
  if (before === undefined && after === undefined) return undefined;
  return { added: lineCount(after), removed: lineCount(before) };
}

function textOf(fields: Fields, names: readonly string[]): string | undefined {
  return names.map((name) => fields[name]).find((each) => typeof each === "string");
}

function lineCount(text: string | undefined): number {
  return text === undefined || text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
}

/** Codex gives the kind as an object, a patch as a word. */
function prefixOf(kind: unknown): string {
  const type = typeof kind === "object" && kind !== null ? (kind as Fields)["type"] : kind;
  const word = typeof type === "string" ? type.toLowerCase() : "update";
  return word === "update" ? "" : `${word} `;
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value)
    ? value.filter((each): each is Fields => typeof each === "object" && each !== null)
    : [];
}
