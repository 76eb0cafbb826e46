import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Journal } from "../../../src/journal/journal.ts";
import { readinessOf } from "../../../src/life/readiness.ts";

let directory = "";
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a journal whose file was removed or replaced makes the daemon not ready, until it is there again", () => {
  directory = mkdtempSync(join(tmpdir(), "harnessd-ready-"));
  const journal = Journal.open({ directory });
  const file = join(directory, "journal.db");
  const reasons = readinessOf(journal, file);
  expect(reasons()).toEqual([]);
  renameSync(file, `${file}.kept`);
  expect(reasons()).toEqual([expect.stringContaining("was removed or replaced")]);
  writeFileSync(file, "another");
  expect(reasons()).toHaveLength(1);
  renameSync(`${file}.kept`, file);
  expect(reasons()).toEqual([]);
  journal.close();
});
