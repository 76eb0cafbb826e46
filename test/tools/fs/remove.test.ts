import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { remove } from "../../../tools/fs/remove.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function tree() {
  const directory = await makeDirectory();
  await mkdir(join(directory, "dir"));
  await writeFile(join(directory, "dir/file"), "");
  await symlink("dir", join(directory, "link"));
  return { directory, context: contextIn(directory) };
}

test("a file, a link to a directory and an empty directory are removed, the link's target is not", async () => {
  const { directory, context } = await tree();
  await output(remove, { path: "link", recursive: true }, context);
  expect(await readdir(directory)).toEqual(["dir"]);
  await output(remove, { path: "dir/file" }, context);
  await output(remove, { path: "dir" }, context);
  expect(await readdir(directory)).toEqual([]);
});

test("a directory with something in it is removed only when recursive", async () => {
  const { directory, context } = await tree();
  expect(await refusal(remove, { path: "dir" }, context)).toMatchObject({
    code: "directory_not_empty",
  });
  await output(remove, { path: "dir", recursive: true }, context);
  expect(await readdir(directory)).toEqual(["link"]);
});

test("nothing there is not_found, or no error when it may be missing", async () => {
  const { context } = await tree();
  expect(await refusal(remove, { path: "gone" }, context)).toMatchObject({ code: "not_found" });
  expect(await output(remove, { path: "gone", mayBeMissing: true }, context)).toMatchObject({
    removed: false,
  });
});

test("the root of the box and the allowed directories are never removed", async () => {
  const { directory, context } = await tree();
  const narrow = { ...context, paths: { roots: [directory] } };
  expect(await refusal(remove, { path: "/", recursive: true }, context)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await refusal(remove, { path: ".", recursive: true }, narrow)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await refusal(remove, { path: "..", recursive: true }, narrow)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await readdir(directory)).toEqual(["dir", "link"]);
});
