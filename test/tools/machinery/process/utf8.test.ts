import { assert, nat, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import {
  leadingContinuationLength,
  wholeCharactersLength,
} from "../../../../tools/machinery/process/utf8.ts";

test("text cut anywhere is whole again when each part is cut back to whole characters", () => {
  assert(
    property(string({ unit: "binary", minLength: 1 }), nat(), (text, at) => {
      const bytes = Buffer.from(text);
      const cut = at % (bytes.length + 1);
      const whole = wholeCharactersLength(bytes.subarray(0, cut));
      expect(bytes.subarray(0, whole).toString() + bytes.subarray(whole).toString()).toBe(
        bytes.toString(),
      );
      expect(cut - whole).toBeLessThan(4);
    }),
  );
});

test("bytes that are no UTF-8 hold back at most three bytes, and none that can never become whole", () => {
  assert(
    property(uint8Array({ minLength: 4, maxLength: 40 }), (bytes) => {
      expect(wholeCharactersLength(bytes)).toBeGreaterThanOrEqual(bytes.length - 3);
    }),
  );
  expect(wholeCharactersLength(Buffer.from([0x80, 0x80, 0x80, 0x80]))).toBe(4);
  expect(wholeCharactersLength(Buffer.from([0x61, 0xff]))).toBe(2);
  expect(wholeCharactersLength(Buffer.from([0x61, 0xc0]))).toBe(2);
});

test("the rest of a character that began before is at most three bytes", () => {
  expect(leadingContinuationLength(Buffer.from("€a").subarray(1))).toBe(2);
  expect(leadingContinuationLength(Buffer.from("a€"))).toBe(0);
  expect(leadingContinuationLength(Buffer.alloc(10, 0x80))).toBe(3);
});
