import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareDirectories } from "../../../src/settings/directories.ts";

let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "harnessd-directories-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test("a state directory is made with those above it, and kept out of any repository around it", async () => {
  const stateDir = join(base, "a", "b");
  await prepareDirectories({ stateDir, workspace: base });
  expect(readFileSync(join(stateDir, ".gitignore"), "utf8")).toBe("*\n");
});

test.each(["/proc/no/such/place", "file/state"])(
  "a state directory that cannot be made is refused by name: %s",
  async (place) => {
    writeFileSync(join(base, "file"), "");
    const stateDir = place.startsWith("/") ? place : join(base, place);
    await expect(prepareDirectories({ stateDir, workspace: base })).rejects.toThrow(
      `The state directory ${stateDir} cannot be used`,
    );
  },
);

test("a workspace that is not there is refused before anything is made", async () => {
  await expect(
    prepareDirectories({ stateDir: join(base, "state"), workspace: join(base, "nope") }),
  ).rejects.toThrow("--workspace");
});
