// What a run's policy says of a tool call: which of its rules match, and which of those wins.
import { isAbsolute, relative, resolve } from "node:path";
import type { z } from "zod";
import type { PermissionRule, PermissionPolicy } from "../../wire/methods.ts";

export type Policy = z.output<typeof PermissionPolicy>;
type Rule = z.output<typeof PermissionRule>;
type Ruling = Policy["otherwise"];

const STRENGTH: Readonly<Record<Ruling, number>> = { allow: 0, ask: 1, deny: 2 };
/** Where tools of every harness keep what a pattern is about. */
const COMMAND_FIELDS: ReadonlySet<string> = new Set(["command", "cmd", "args", "url"]);
const PATH_FIELDS: ReadonlySet<string> = new Set([
  "path",
  "paths",
  "file_path",
  "filePath",
  "notebook_path",
  "from",
  "to",
]);
/** The same in an edit of several files, which lists them. */
const LISTS_OF_FILES: ReadonlySet<string> = new Set(["changes", "edits", "files"]);
/** What a search looks for; its pattern is the subject only where it names nothing else. */
const SEARCH_FIELD = "pattern";

/** True when every call is allowed, so that nobody need ask. */
export function allowsEverything(policy: Policy | undefined): boolean {
  return (
    policy === undefined ||
    (policy.otherwise === "allow" && policy.rules.every((rule) => rule.decision === "allow"))
  );
}

/** Among the rules that match, deny wins over ask, ask over allow. Relative paths start from `cwd`. */
export function rulingOn(
  policy: Policy,
  { name, input }: { name: string; input: unknown },
  cwd: string,
): Ruling {
  const subjects = subjectsOf(input, cwd);
  const decisions = policy.rules
    .filter((rule) => isMatch(rule.tool, name) && isAbout(rule, subjects))
    .map((rule) => rule.decision);
  return decisions.toSorted((one, other) => STRENGTH[other] - STRENGTH[one])[0] ?? policy.otherwise;
}

/** One thing that a call is about: as the call names it, and in the ways in which it means the same. */
interface Subject {
  readonly named: string;
  readonly meant: readonly string[];
}

/** What forbids or asks is about a call that touches it at all; what allows must be about everything that the call touches. */
function isAbout({ pattern, decision }: Rule, subjects: readonly Subject[]): boolean {
  if (pattern === undefined) return true;
  if (decision === "allow")
    return subjects.every(({ meant }) => meant.some((form) => isMatch(pattern, form)));
  return subjects.some(({ named, meant }) =>
    [named, ...meant].some((form) => isMatch(pattern, form)),
  );
}

function subjectsOf(input: unknown, cwd: string): Subject[] {
  if (typeof input === "string") return [text(input)];
  const found = fieldsOf(input).flatMap(([name, value]): Subject[] => {
    if (COMMAND_FIELDS.has(name)) return [text(Array.isArray(value) ? value.join(" ") : value)];
    if (PATH_FIELDS.has(name)) return [value].flat().map((each) => path(String(each), cwd));
    if (LISTS_OF_FILES.has(name) && Array.isArray(value))
      return filesIn(value).map((each) => path(each, cwd));
    return [];
  });
  if (found.length > 0) return found;
  const search = fieldsOf(input).find(([name]) => name === SEARCH_FIELD)?.[1];
  return [text(typeof search === "string" ? search : (JSON.stringify(input) ?? ""))];
}

function filesIn(list: readonly unknown[]): string[] {
  return list.flatMap((each) =>
    fieldsOf(each)
      .filter(([name]) => PATH_FIELDS.has(name))
      .map(([, value]) => String(value)),
  );
}

function fieldsOf(input: unknown): [string, unknown][] {
  return typeof input === "object" && input !== null
    ? Object.entries(input).filter(([, value]) => value !== undefined && value !== null)
    : [];
}

function text(value: unknown): Subject {
  const named = typeof value === "string" ? value : JSON.stringify(value);
  return { named, meant: [named] };
}

/** `src/../../etc` is not in `src`, and a rule on `/box/src/*` is also about `src/a` in `/box`. */
function path(named: string, cwd: string): Subject {
  const absolute = resolve(cwd, named);
  const fromCwd = relative(cwd, absolute);
  const isInside = !fromCwd.startsWith("..") && !isAbsolute(fromCwd);
  return { named, meant: isInside ? [absolute, fromCwd === "" ? "." : fromCwd] : [absolute] };
}

/** `*` stands for any characters and `?` for one; everything else for itself. Takes time in proportion to both lengths, whatever they hold. */
function isMatch(pattern: string, subject: string): boolean {
  let [at, position, star, retryAt] = [0, 0, -1, 0];
  while (position < subject.length) {
    if (pattern[at] === "*") [star, retryAt] = [at++, position];
    else if (pattern[at] === "?" || pattern[at] === subject[position])
      [at, position] = [at + 1, position + 1];
    else if (star >= 0) [at, position] = [star + 1, ++retryAt];
    else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
