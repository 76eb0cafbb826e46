import { execFile } from "node:child_process";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { copy } from "../../../tools/fs/copy.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function tree() {
  const directory = await makeDirectory();
  await mkdir(join(directory, "dir/sub"), { recursive: true });
  await writeFile(join(directory, "dir/file"), "content");
  await chmod(join(directory, "dir/file"), 0o755);
  await symlink("../file", join(directory, "dir/sub/link"));
  return { directory, context: contextIn(directory) };
}

test("a tree is copied with its modes and its symlinks as they are", async () => {
  const { directory, context } = await tree();
  expect(await output(copy, { from: "dir", to: "a/copy" }, context)).toMatchObject({
    entries: 4,
    to: join(directory, "a/copy"),
  });
  expect(await readlink(join(directory, "a/copy/sub/link"))).toBe("../file");
  expect((await stat(join(directory, "a/copy/file"))).mode & 0o777).toBe(0o755);
});

test("a symlink that is named itself is copied as what it leads to", async () => {
  const { directory, context } = await tree();
  await output(copy, { from: "dir/sub/link", to: "copy" }, context);
  expect(await readFile(join(directory, "copy"), "utf8")).toBe("content");
});

test("what is there is replaced only when asked, and a directory never", async () => {
  const { directory, context } = await tree();
  await writeFile(join(directory, "other"), "other");
  expect(await refusal(copy, { from: "dir/file", to: "other" }, context)).toMatchObject({
    code: "already_exists",
  });
  expect(await refusal(copy, { from: "other", to: "dir", overwrite: true }, context)).toMatchObject(
    { code: "already_exists" },
  );
  await output(copy, { from: "dir/file", to: "other", overwrite: true }, context);
  expect(await readFile(join(directory, "other"), "utf8")).toBe("content");
});

test("a copy that cannot be finished is refused and leaves nothing", async () => {
  const { directory, context } = await tree();
  await promisify(execFile)("mkfifo", [join(directory, "dir/sub/pipe")]);
  expect(await refusal(copy, { from: "dir", to: "copy" }, context)).toMatchObject({
    code: "not_supported",
  });
  expect(await readdir(directory)).toEqual(["dir"]);
});

test("a file copied onto itself stays, a directory into itself and nothing at all are refused", async () => {
  const { directory, context } = await tree();
  expect(
    (await refusal(copy, { from: "dir/file", to: "dir/file", overwrite: true }, context)).code,
  ).toBe("not_supported");
  expect(await readFile(join(directory, "dir/file"), "utf8")).toBe("content");
  expect((await refusal(copy, { from: "dir", to: "dir/inner" }, context)).code).toBe(
    "not_supported",
  );
  expect((await refusal(copy, { from: "gone", to: "x" }, context)).code).toBe("not_found");
});
