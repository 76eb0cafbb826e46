import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import * as fc from "fast-check";
import { quote, splitWords } from "../../../src/cli/shell-words.ts";

test("words that are quoted reach a program through bash as they were", () => {
  const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const line = `printf '%s\\0' ${words.map(quote).join(" ")}`;
      const out = execFileSync("bash", ["-c", line], { encoding: "utf8" });
      expect(out.split("\0").slice(0, -1)).toEqual(words);
    }),
    { numRuns: 20, seed: 7 },
  );
});

test("a line is split at the blanks outside of its quotes, and what quote makes comes apart again", () => {
  expect(splitWords(`a "b c" 'd "e"' f\\ g --x="y z" "q\\"r"`)).toEqual([
    "a",
    "b c",
    'd "e"',
    "f g",
    "--x=y z",
    'q"r',
  ]);
  const words = ["plain", "two words", "it's", '"quoted"', "back\\slash"];
  expect(splitWords(words.map(quote).join(" "))).toEqual(words);
});
