import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemPromptFor, toParts } from "../../../harnesses/opencode/prompt.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "opencode-prompt-"));
});
afterEach(() => rm(cwd, { recursive: true }));

test("text, images and files each take their form", async () => {
  await writeFile(join(cwd, "a b.png"), "");
  const parts = await toParts(
    [
      { type: "text", text: "Look" },
      { type: "image", mediaType: "image/gif", data: "R0lG" },
      { type: "file", path: "a b.png" },
      { type: "file", path: cwd },
    ],
    cwd,
  );
  expect(parts).toMatchObject([
    { type: "text", text: "Look" },
    { type: "file", mime: "image/gif", url: "data:image/gif;base64,R0lG", filename: "image.gif" },
    { type: "file", mime: "image/png", url: pathToFileURL(join(cwd, "a b.png")).href },
    { type: "file", mime: "application/x-directory" },
  ]);
});

test("a file that is not there is an error before anything starts", async () => {
  await expect(toParts([{ type: "file", path: "nothing.txt" }], cwd)).rejects.toMatchObject({
    code: "file_not_found",
  });
});

test("the project's own instructions come before the run's", async () => {
  expect(await systemPromptFor(cwd, undefined)).toBeUndefined();
  expect(await systemPromptFor(cwd, "Be brief.")).toBe("Be brief.");
  await writeFile(join(cwd, "CLAUDE.md"), "from claude");
  expect(await systemPromptFor(cwd, "Be brief.")).toBe(
    `Instructions from: ${join(cwd, "CLAUDE.md")}\nfrom claude\n\nBe brief.`,
  );
  await writeFile(join(cwd, "AGENTS.md"), "from agents");
  expect(await systemPromptFor(cwd, undefined)).toContain("from agents");
});
