// Holds docs/errors.md to the code: every code that can be thrown, refused, failed with or noticed stands in it, and no other.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ERROR_CODES, httpStatusOf } from "../../src/wire/error-codes.ts";

const root = resolve(import.meta.dirname, "../..");

/** Where a code stands in the source; a second one is the other side of a `? :`. */
const PLACES = [
  /(?:Tool|Harness|Coded)Error\(\s*"([a-z_]+)"/g,
  /\bcode: (?:[^",{}]*\? )?"([a-z_]+)"(?: : "([a-z_]+)")?/g,
  /\b(?:refuse|refusal|notice|modelFailure|ModelFailure)\(\s*(?:response, )?"([a-z_]+)"/g,
];
/** Files that translate others' failures into our codes: there, a word in the place of a value is a code. */
const TRANSLATORS = /^(.*failures?|errno|outcome|model-refusals)\.ts$/;
const VALUE = /(?:: |return |\? |\[|\[\s+)"([a-z]+(?:_[a-z]+)+)"/g;

function codesIn(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const places = TRANSLATORS.test(basename(file)) ? [...PLACES, VALUE] : PLACES;
  const found = places.flatMap((place) =>
    [...text.matchAll(place)].flatMap((match) => match.slice(1)),
  );
  return found.filter((code) => code !== undefined);
}

const files = ["src", "tools", "harnesses"].flatMap((floor) =>
  readdirSync(join(root, floor), { recursive: true, encoding: "utf8" }).map((file) =>
    join(root, floor, file),
  ),
);
const inSource = new Set(files.filter((file) => file.endsWith(".ts")).flatMap(codesIn));
const document = readFileSync(join(root, "docs/errors.md"), "utf8");
const documented = new Set(
  [...document.matchAll(/^\| `([a-z_]+)`/gm)].map((match) => match[1] ?? ""),
);

test("every code in the source stands in docs/errors.md", () => {
  expect([...inSource].filter((code) => !documented.has(code)).toSorted()).toEqual([]);
});

test("docs/errors.md names no code that the source does not know", () => {
  const texts = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(file, "utf8"));
  const isKnown = (code: string): boolean =>
    texts.some((text) => text.includes(`"${code}"`) || text.includes(`${code}: `));
  expect([...documented].filter((code) => !isKnown(code))).toEqual([]);
});

/** A notice is an event and never an answer, so no door needs a number for it. */
const answerable = new Set(
  [...(document.split("## Notices")[0] ?? "").matchAll(/^\| `([a-z_]+)`/gm)].map(
    (match) => match[1] ?? "",
  ),
);

test("every documented code has its kind in src/wire/error-codes.ts, and so a number and a status", () => {
  expect(Object.keys(ERROR_CODES).toSorted()).toEqual([...answerable].toSorted());
});

test.each([
  ["queue_full", 503],
  ["run_not_found", 404],
  ["key_conflict", 409],
  ["unknown_harness", 422],
  ["invalid_input", 400],
  ["too_much_pending", 503],
])("a door of HTTP answers %s with %i", (code, status) => {
  expect(httpStatusOf(code)).toBe(status);
});

test("neither runs nor the journal know a door or its errors", () => {
  const inside = files.filter((file) => /\/src\/(runs|journal)\/.*\.ts$/.test(file));
  const wrong = inside.filter((file) => /from "[^"]*\/doors\//.test(readFileSync(file, "utf8")));
  expect(wrong).toEqual([]);
});
