// Lines of fs_grep that are too long to be shown whole.
import { expect, test } from "vitest";
import { grepLine } from "../../../../tools/machinery/files/grep-line.ts";

test("a long line is cut around its match between two characters, wherever the cut falls", () => {
  for (let lead = 90; lead < 110; lead++) {
    const text = `${"😀".repeat(lead)}needle${"👩‍👩‍👧‍👦".repeat(100)}\n`;
    const start = Buffer.byteLength("😀".repeat(lead));
    const data = { path: { text: "a" }, lines: { text }, line_number: 1, submatches: [{ start }] };
    const line = grepLine(JSON.stringify({ type: "match", data }));
    expect(line?.text.isWellFormed()).toBe(true);
    expect(line?.text).toContain("needle");
  }
});
