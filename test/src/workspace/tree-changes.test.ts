// git's two lists as changes: each diff stands under its own path.
import { assert, boolean, constantFrom, property, record, string, uniqueArray } from "fast-check";
import { expect, test } from "vitest";
import { changesOf } from "../../../src/workspace/tree-changes.ts";

const path = string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter(
  (text) => !text.includes("\0") && !/[\n\r]/.test(text),
);
const entry = record({
  path,
  status: constantFrom("A", "D", "M", "T" as const),
  isBinary: boolean(),
});

function patchOf(name: string, isBinary: boolean): string {
  const head = `diff --git a/${name} b/${name}\nindex 1..2\n`;
  return isBinary
    ? `${head}Binary files differ\n`
    : `${head}--- a/${name}\n+++ b/${name}\n@@ -1 +1 @@\n-of ${name}\n+--- not a head\n`;
}

test("every change has the diff of its own path, or none", () => {
  assert(
    property(uniqueArray(entry, { selector: (each) => each.path }), (entries) => {
      const names = entries.map((each) => `${each.status}\0${each.path}\0`).join("");
      const patch = entries
        .map((each) => patchOf(each.path, each.isBinary).repeat(each.status === "T" ? 2 : 1))
        .join("");
      const changes = changesOf(names, patch);
      expect(changes.map((change) => change.path)).toEqual(entries.map((each) => each.path));
      expect(changes.map(({ diff }) => diff?.split("\n", 1)[0])).toEqual(
        entries.map((each) => (each.isBinary ? undefined : `--- a/${each.path}`)),
      );
    }),
    { numRuns: 10_000, seed: 7 },
  );
});

test("where the two lists do not agree no diff is shown rather than another file's", () => {
  expect(changesOf("M\0a\0M\0b\0", patchOf("b", false))).toEqual([
    { path: "a", change: "modified", diff: null },
    { path: "b", change: "modified", diff: null },
  ]);
});
