// Cuts that fall between characters, whatever the text and the place.
import { assert, nat, property, string } from "fast-check";
import { expect, test } from "vitest";
import { headOf, middleOf, tailOf } from "../../../../tools/machinery/text/cut.ts";

const SEED = 20_261_127;
const FAMILY = "👩‍👩‍👧‍👦";

test("a cut through an emoji, a flag, an accent or a line end keeps none of it", () => {
  expect(headOf(`ab${FAMILY}`, 4)).toBe("ab");
  expect(headOf("ab🇩🇪", 4)).toBe("ab");
  expect(headOf("abe\u0301", 3)).toBe("ab");
  expect(headOf("ab\r\n", 3)).toBe("ab");
  expect(tailOf(`${FAMILY}ab`, 4)).toBe("ab");
  expect(tailOf("😀ab", 3)).toBe("ab");
  expect(middleOf("a😀b😀c", 2, 5)).toBe("b");
});

test("any cut of a well-formed text is well-formed, no longer than asked for, and part of the text", () => {
  const texts = string({ unit: "grapheme", maxLength: 300 });
  assert(
    property(texts, nat(400), nat(400), (text, a, b) => {
      const head = headOf(text, a);
      const tail = tailOf(text, a);
      const middle = middleOf(text, Math.min(a, b), Math.max(a, b));
      for (const part of [head, tail, middle]) expect(part.isWellFormed()).toBe(true);
      expect(head.length).toBeLessThanOrEqual(a);
      expect(tail.length).toBeLessThanOrEqual(a);
      expect(text.startsWith(head)).toBe(true);
      expect(text.endsWith(tail)).toBe(true);
      expect(text).toContain(middle);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test("a run of marks without end is cut all the same, and not through a pair", () => {
  const marks = "\u{1F3FB}".repeat(500);
  expect(headOf(marks, 333).length).toBeGreaterThan(300);
  expect(headOf(marks, 333).isWellFormed()).toBe(true);
  expect(tailOf(marks, 333).isWellFormed()).toBe(true);
});
