import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mkdir } from "../../../tools/fs/mkdir.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

test("a directory is made with those above it, once", async () => {
  const directory = await makeDirectory();
  expect(await output(mkdir, { path: "a/b/c" }, contextIn(directory))).toEqual({ path: join(directory, "a/b/c"), created: true });
  expect((await stat(join(directory, "a/b/c"))).isDirectory()).toBe(true);
  expect(await output(mkdir, { path: "a/b/c" }, contextIn(directory))).toMatchObject({ created: false });
});

test("a file in the way is said to be there", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "");
  expect(await refusal(mkdir, { path: "file" }, contextIn(directory))).toMatchObject({ code: "already_exists" });
  expect(await refusal(mkdir, { path: "file/below" }, contextIn(directory))).toMatchObject({ code: "not_a_directory" });
});
