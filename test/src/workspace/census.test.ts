import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeCensus } from "../../../src/workspace/census.ts";

const SETTLING_MS = 100;
let directory = "";

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "harnessd-census-"));
  mkdirSync(join(directory, "dir"));
  mkdirSync(join(directory, "skipped"));
  writeFileSync(join(directory, "dir", "file"), "one");
  symlinkSync("nowhere", join(directory, "link"));
  await delay(SETTLING_MS);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const count = (): string | null => takeCensus(directory, (_, name) => name === "skipped");

test("it stays the same while nothing changes, and for what is skipped and for empty directories", async () => {
  const before = count();
  expect(before).not.toBeNull();
  writeFileSync(join(directory, "skipped", "new"), "x");
  mkdirSync(join(directory, "empty"));
  expect(count()).toBe(before);
});

const past = new Date("2020-01-01");
test.each<[string, () => void]>([
  ["a new file", () => writeFileSync(join(directory, "dir", "new"), "")],
  [
    "other content of the same size, at what is said to be the same time",
    () => {
      writeFileSync(join(directory, "dir", "file"), "two");
      utimesSync(join(directory, "dir", "file"), past, past);
    },
  ],
  ["a removed file", () => rmSync(join(directory, "dir", "file"))],
  [
    "a renamed file",
    () => renameSync(join(directory, "dir", "file"), join(directory, "dir", "other")),
  ],
  ["a changed mode", () => chmodSync(join(directory, "dir", "file"), 0o755)],
  [
    "a link elsewhere",
    () => {
      rmSync(join(directory, "link"));
      symlinkSync("somewhere", join(directory, "link"));
    },
  ],
])("%s is another word", async (_, change) => {
  utimesSync(join(directory, "dir", "file"), past, past);
  await delay(SETTLING_MS);
  const before = count();
  change();
  await delay(SETTLING_MS);
  expect(before).not.toBeNull();
  expect(count()).not.toBeNull();
  expect(count()).not.toBe(before);
});

test("nothing is said while a file has only just changed", async () => {
  writeFileSync(join(directory, "dir", "file"), "two");
  expect(count()).toBeNull();
  await delay(SETTLING_MS);
  expect(count()).not.toBeNull();
});

test("nothing is said of a directory with very many files, and of one that is not there", async () => {
  for (let n = 0; n < 1001; n++) writeFileSync(join(directory, `file-${n}`), "");
  await delay(SETTLING_MS);
  expect(count()).toBeNull();
  expect(takeCensus(join(directory, "missing"), () => false)).toBeNull();
});
