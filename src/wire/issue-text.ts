// A validator's finding in words for a person: what was wanted.

/** One issue as zod reports it, here or in the `data.issues` of a daemon's refusal. */
export interface Issue {
  readonly code?: string | undefined;
  readonly path?: readonly PropertyKey[] | undefined;
  readonly message?: string | undefined;
  readonly expected?: string | undefined;
  readonly origin?: string | undefined;
  readonly format?: string | undefined;
  readonly minimum?: number | bigint | undefined;
  readonly maximum?: number | bigint | undefined;
  readonly inclusive?: boolean | undefined;
  readonly values?: readonly unknown[] | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly errors?: readonly (readonly Issue[])[] | undefined;
}

const NAMES: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** Such as `wanted a whole number of at least 1`. */
export function describeIssue(issue: Issue): string {
  return inWords(issue) ?? issue.message ?? "not valid";
}

/** Undefined for what it has no words for, and where the issue comes without its details. */
function inWords(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected && `wanted ${NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      if (issue.minimum === undefined) return undefined;
      return `wanted ${amount(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum)}`;
    case "too_big":
      if (issue.maximum === undefined) return undefined;
      return `wanted ${amount(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum)}`;
    case "invalid_value":
      return issue.values && `wanted ${either(issue.values)}`;
    case "invalid_format":
      return issue.format === "url" ? "wanted a URL" : undefined;
    case "unrecognized_keys":
      return issue.keys && `unknown: ${issue.keys.join(", ")}`;
    case "invalid_union":
      return describeFirst(issue.errors);
    case undefined:
    default:
      return undefined;
  }
}

/** Where the issue is, as one writes it: `permissions.rules[0].tool`. */
export function placeOf({ path = [] }: Issue): string {
  return path
    .map((each) => (typeof each === "number" ? `[${each}]` : `.${String(each)}`))
    .join("")
    .replace(/^\./, "");
}

/** Both together, for a list of findings. */
export function describeAtPlace(issue: Issue): string {
  return [placeOf(issue), describeIssue(issue)].filter(Boolean).join(": ");
}

/** `a, b or c`. */
function either(values: readonly unknown[]): string {
  const words = values.map(String);
  const last = words.pop() ?? "";
  return words.length === 0 ? last : `${words.join(", ")} or ${last}`;
}

function describeFirst(branches: Issue["errors"]): string | undefined {
  const first = branches?.find((branch) => branch.length > 0)?.[0];
  return first && describeIssue(first);
}

function amount(origin: string | undefined, relation: string, bound: unknown): string {
  const unit = { string: " characters", array: " entries" }[origin ?? ""];
  return unit === undefined
    ? `a number of ${relation} ${String(bound)}`
    : `${relation} ${String(bound)}${unit}`;
}
