import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stat } from "../../../tools/fs/stat.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

test("a file is told with size, mode, times and version", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "four", { mode: 0o640 });
  expect(await output(stat, { path: "file" }, contextIn(directory))).toMatchObject({
    path: join(directory, "file"),
    type: "file",
    size: 4,
    mode: "0640",
    symlinkTarget: null,
    version: expect.any(String),
  });
});

test("a directory and a device have no version", async () => {
  const context = contextIn(await makeDirectory());
  expect(await output(stat, { path: "." }, context)).toMatchObject({
    type: "directory",
    version: null,
  });
  expect(await output(stat, { path: "/dev/null" }, context)).toMatchObject({
    type: "other",
    version: null,
  });
});

test("a symlink is followed and its target told", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "four");
  await symlink("file", join(directory, "link"));
  expect(await output(stat, { path: "link" }, contextIn(directory))).toMatchObject({
    type: "file",
    size: 4,
    symlinkTarget: "file",
  });
});

test("a symlink that leads nowhere, or out of the roots, is told itself", async () => {
  const base = await makeDirectory();
  await mkdir(join(base, "in"));
  await writeFile(join(base, "secret"), "x");
  await symlink("nothing", join(base, "in/dangling"));
  await symlink("../secret", join(base, "in/out"));
  const context = contextIn(join(base, "in"), { paths: { roots: [join(base, "in")] } });
  for (const path of ["dangling", "out"]) {
    expect(await output(stat, { path }, context)).toMatchObject({ type: "symlink", version: null });
  }
});

test("nothing at the path is not_found", async () => {
  expect(await refusal(stat, { path: "nothing" }, contextIn(await makeDirectory()))).toMatchObject({
    code: "not_found",
  });
});
