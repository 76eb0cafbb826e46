import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { glob } from "../../../tools/fs/glob.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function tree() {
  const directory = await makeDirectory();
  const files = [
    "a.ts",
    "src/b.ts",
    "src/deep/c.test.ts",
    "src/d.js",
    ".github/e.ts",
    "node_modules/f.ts",
    ".git/g.ts",
  ];
  for (const file of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), "");
  }
  await writeFile(join(directory, ".gitignore"), "node_modules\n");
  return contextIn(directory);
}

test("a pattern finds files below, hidden ones included, ignored ones and .git left out", async () => {
  const answer = await output(glob, { patterns: ["**/*.ts"] }, await tree());
  expect(answer).toMatchObject({
    files: [".github/e.ts", "a.ts", "src/b.ts", "src/deep/c.test.ts"],
    truncated: false,
  });
});

test("a pattern without a directory finds only what is directly there", async () => {
  expect((await output(glob, { patterns: ["./*.ts"] }, await tree())).files).toEqual(["a.ts"]);
});

test("ignored files are found when they are asked for", async () => {
  expect(
    (await output(glob, { patterns: ["**/{f,g}.ts"], ignored: true }, await tree())).files,
  ).toEqual([".git/g.ts", "node_modules/f.ts"]);
});

test("a pattern with ! takes files out again", async () => {
  expect(
    (await output(glob, { patterns: ["src/**", "!**/*.test.ts"] }, await tree())).files,
  ).toEqual(["src/b.ts", "src/d.js"]);
});

test("a pattern that is a path below the directory finds the same; one that leads out is refused", async () => {
  const context = await tree();
  expect(
    (await output(glob, { patterns: [join(context.cwd, "src/*.ts")] }, context)).files,
  ).toEqual(["src/b.ts"]);
  for (const pattern of ["/etc/*.conf", "../**", "src/../../*", "!/etc/**"])
    expect(await refusal(glob, { patterns: ["**", pattern] }, context)).toMatchObject({
      code: "invalid_pattern",
    });
  expect((await output(glob, { patterns: ["**/*..ts"] }, context)).files).toEqual([]);
});

test("more files than the limit are said to be more", async () => {
  const context = await tree();
  expect(await output(glob, { patterns: ["**"], limit: 2 }, context)).toMatchObject({
    truncated: true,
    files: { length: 2 },
  });
  expect(await output(glob, { patterns: ["src/**"], limit: 3 }, context)).toMatchObject({
    truncated: false,
    files: { length: 3 },
  });
});

test("nothing found is an empty answer; a missing directory, a file and patterns that only exclude are refused", async () => {
  const context = await tree();
  expect(await output(glob, { patterns: ["*.zig"] }, context)).toMatchObject({
    files: [],
    truncated: false,
  });
  expect(await refusal(glob, { patterns: ["*"], path: "gone" }, context)).toMatchObject({
    code: "not_found",
  });
  expect(await refusal(glob, { patterns: ["*"], path: "a.ts" }, context)).toMatchObject({
    code: "not_a_directory",
  });
  expect(await refusal(glob, { patterns: ["!*"] }, context)).toMatchObject({
    code: "invalid_pattern",
  });
});
