import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { list } from "../../../tools/fs/list.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function tree() {
  const directory = await makeDirectory();
  await mkdir(join(directory, "b/c"), { recursive: true });
  await writeFile(join(directory, ".hidden"), "");
  await writeFile(join(directory, "a.txt"), "four");
  await writeFile(join(directory, "b.txt"), "");
  await writeFile(join(directory, "b/c/deep"), "");
  await symlink("b", join(directory, "z"));
  return contextIn(directory);
}

const pathsOf = (answer: { entries: { path: string }[] }) => answer.entries.map(({ path }) => path);

test("a directory's own entries are told with type, size and time", async () => {
  const answer = await output(list, {}, await tree());
  expect(pathsOf(answer)).toEqual([".hidden", "a.txt", "b", "b.txt", "z"]);
  expect(answer.entries.map(({ type }: { type: string }) => type)).toEqual([
    "file",
    "file",
    "directory",
    "file",
    "symlink",
  ]);
  expect(answer.entries[1]).toMatchObject({ size: 4, mtime: expect.stringMatching(/^\d{4}-.*Z$/) });
  expect(answer.nextAfter).toBeNull();
});

test("with depth what is below follows its directory, and links are not followed", async () => {
  expect(pathsOf(await output(list, { depth: 3 }, await tree()))).toEqual([
    ".hidden",
    "a.txt",
    "b",
    "b/c",
    "b/c/deep",
    "b.txt",
    "z",
  ]);
});

test("pages joined give the whole, whatever the size of a page", async () => {
  const context = await tree();
  const whole = pathsOf(await output(list, { depth: 9 }, context));
  for (const limit of [1, 2, 3]) {
    const seen: string[] = [];
    for (let after: string | undefined, isLast = false; !isLast;) {
      const page = await output(list, { depth: 9, limit, ...(after && { after }) }, context);
      seen.push(...pathsOf(page));
      [after, isLast] = [page.nextAfter, page.nextAfter === null];
    }
    expect(seen).toEqual(whole);
  }
});

test("a page goes on after an entry that is gone", async () => {
  expect(pathsOf(await output(list, { depth: 9, after: "b/c/aaa" }, await tree()))).toEqual([
    "b/c/deep",
    "b.txt",
    "z",
  ]);
});

test("a file and a missing directory are refused", async () => {
  const context = await tree();
  expect(await refusal(list, { path: "a.txt" }, context)).toMatchObject({
    code: "not_a_directory",
  });
  expect(await refusal(list, { path: "nothing" }, context)).toMatchObject({ code: "not_found" });
});
