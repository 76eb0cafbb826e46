import { existsSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mkdir } from "../../../tools/fs/mkdir.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

test("a directory is made with those above it, once", async () => {
  const directory = await makeDirectory();
  expect(await output(mkdir, { path: "a/b/c" }, contextIn(directory))).toEqual({
    path: join(directory, "a/b/c"),
    created: true,
  });
  expect((await stat(join(directory, "a/b/c"))).isDirectory()).toBe(true);
  expect(await output(mkdir, { path: "a/b/c" }, contextIn(directory))).toMatchObject({
    created: false,
  });
});

test.runIf(existsSync("/proc/self"))(
  "where the system takes no entries, making some ends with an answer",
  async () => {
    const asked = { path: "/proc/none/such" };
    expect(await refusal(mkdir, asked, contextIn(await makeDirectory()))).toMatchObject({
      code: "not_found",
    });
  },
);

test("many at once make one path without a failure", async () => {
  const context = contextIn(await makeDirectory());
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => output(mkdir, { path: "x/y/z" }, context)),
  );
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
});

test("a file in the way is said to be there", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "");
  expect(await refusal(mkdir, { path: "file" }, contextIn(directory))).toMatchObject({
    code: "already_exists",
  });
  expect(await refusal(mkdir, { path: "file/below" }, contextIn(directory))).toMatchObject({
    code: "not_a_directory",
  });
});
