import { mkdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { move } from "../../../tools/fs/move.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function tree() {
  const directory = await makeDirectory();
  await mkdir(join(directory, "dir"));
  await writeFile(join(directory, "dir/file"), "content");
  await writeFile(join(directory, "other"), "other");
  await symlink("nowhere", join(directory, "link"));
  return { directory, context: contextIn(directory) };
}

test("a file and a directory are moved, and the directories above the new path are made", async () => {
  const { directory, context } = await tree();
  expect(await output(move, { from: "dir", to: "new/place/dir" }, context)).toEqual({
    from: join(directory, "dir"),
    to: join(directory, "new/place/dir"),
  });
  await output(move, { from: "new/place/dir/file", to: "file" }, context);
  expect(await readFile(join(directory, "file"), "utf8")).toBe("content");
});

test("a symlink is moved itself, also one that leads nowhere", async () => {
  const { directory, context } = await tree();
  await output(move, { from: "link", to: "moved" }, context);
  expect(await readlink(join(directory, "moved"))).toBe("nowhere");
});

test("a file is moved to another file system", async ({ skip }) => {
  const { directory, context } = await tree();
  const shm = await stat("/dev/shm").catch(() => undefined);
  if (!shm || shm.dev === (await stat(directory)).dev) skip();
  const there = join("/dev/shm", directory.split("/").at(-1) ?? "");
  await output(move, { from: "dir", to: there }, context);
  expect(await readFile(join(there, "file"), "utf8")).toBe("content");
  await output(move, { from: there, to: "back" }, context);
  expect(await readFile(join(directory, "back/file"), "utf8")).toBe("content");
});

test("what is there is replaced only when asked, and a directory never", async () => {
  const { directory, context } = await tree();
  expect(await refusal(move, { from: "other", to: "dir/file" }, context)).toMatchObject({
    code: "already_exists",
  });
  expect(await refusal(move, { from: "other", to: "dir", overwrite: true }, context)).toMatchObject(
    { code: "already_exists" },
  );
  await output(move, { from: "other", to: "dir/file", overwrite: true }, context);
  expect(await readFile(join(directory, "dir/file"), "utf8")).toBe("other");
});

test("nothing is moved out of the roots, and neither roots, nor nothing, nor a directory into itself", async () => {
  const { directory, context } = await tree();
  const narrow = contextIn(join(directory, "dir"), { paths: { roots: [join(directory, "dir")] } });
  expect(await refusal(move, { from: "file", to: "../file" }, narrow)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await refusal(move, { from: ".", to: "sub" }, narrow)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await refusal(move, { from: "gone", to: "a/b" }, context)).toMatchObject({
    code: "not_found",
  });
  expect(await refusal(move, { from: "dir", to: "dir/sub" }, context)).toMatchObject({
    code: "invalid_path",
  });
});
