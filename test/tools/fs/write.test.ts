import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { read } from "../../../tools/fs/read.ts";
import { stat as fsStat } from "../../../tools/fs/stat.ts";
import { write } from "../../../tools/fs/write.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

test("a new file is written with its directories and shown as a diff", async () => {
  const directory = await makeDirectory();
  const answer = await output(
    write,
    { path: "a/b/file.txt", content: "hello\n" },
    contextIn(directory),
  );
  expect(answer).toMatchObject({ path: join(directory, "a/b/file.txt"), created: true, bytes: 6 });
  expect(answer.diff).toContain("+hello");
  expect(await readFile(join(directory, "a/b/file.txt"), "utf8")).toBe("hello\n");
});

test("an existing file keeps its mode, executable bit included, and leaves no temporary file", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "run.sh"), "old\n");
  await chmod(join(directory, "run.sh"), 0o751);
  const answer = await output(write, { path: "run.sh", content: "new\n" }, contextIn(directory));
  expect(answer).toMatchObject({ created: false });
  expect(answer.diff).toMatch(/-old\n\+new/);
  expect((await stat(join(directory, "run.sh"))).mode & 0o777).toBe(0o751);
  expect(await readdir(directory)).toEqual(["run.sh"]);
});

test.runIf(process.getuid?.() === 0)("root keeps the owner of a file", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "old");
  await chown(join(directory, "file"), 1234, 2345);
  await output(write, { path: "file", content: "new" }, contextIn(directory));
  expect(await stat(join(directory, "file"))).toMatchObject({ uid: 1234, gid: 2345 });
});

test("a mode that is asked for is given", async () => {
  const directory = await makeDirectory();
  await output(write, { path: "file", content: "", mode: "700" }, contextIn(directory));
  expect((await stat(join(directory, "file"))).mode & 0o777).toBe(0o700);
});

test("writing through a symlink changes its target and leaves the link", async () => {
  const directory = await makeDirectory();
  await mkdir(join(directory, "real"));
  await writeFile(join(directory, "real/file"), "old");
  await symlink("real/file", join(directory, "link"));
  await symlink("real/new", join(directory, "dangling"));
  const context = contextIn(directory);
  await output(write, { path: "link", content: "new" }, context);
  await output(write, { path: "dangling", content: "made" }, context);
  expect((await lstat(join(directory, "link"))).isSymbolicLink()).toBe(true);
  expect((await lstat(join(directory, "dangling"))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(directory, "real/file"), "utf8")).toBe("new");
  expect(await readFile(join(directory, "real/new"), "utf8")).toBe("made");
});

test("base64 is written as the bytes it stands for, without a diff", async () => {
  const directory = await makeDirectory();
  const bytes = Buffer.from([0, 255, 10, 13]);
  const answer = await output(
    write,
    { path: "file", content: bytes.toString("base64"), encoding: "base64" },
    contextIn(directory),
  );
  expect(answer).toMatchObject({ bytes: 4, diff: null });
  expect(await readFile(join(directory, "file"))).toEqual(bytes);
});

test("read, stat and write tell the same version, and it changes with every content", async () => {
  const directory = await makeDirectory();
  const context = contextIn(directory);
  const versions = new Set<string>();
  for (const content of ["a", "b", "aa", ""]) {
    const { version } = await output(write, { path: "file", content }, context);
    expect((await output(read, { path: "file" }, context)).version).toBe(version);
    expect((await output(fsStat, { path: "file" }, context)).version).toBe(version);
    versions.add(version);
  }
  expect(versions.size).toBe(4);
});

test("a file too large to be hashed changes its version with each of many quick writes", async () => {
  const directory = await makeDirectory();
  const context = contextIn(directory);
  const versions = new Set<string>();
  for (let turn = 0; turn < 12; turn++) {
    versions.add(
      (await output(write, { path: "file", content: String(turn % 2).repeat(1_100_000) }, context))
        .version,
    );
  }
  expect(versions.size).toBe(12);
  expect([...versions][0]).toMatch(/^s/);
});

test("a write that expects a version is refused when the file is at another, or gone", async () => {
  const directory = await makeDirectory();
  const context = contextIn(directory);
  const { version } = await output(write, { path: "file", content: "one" }, context);
  await writeFile(join(directory, "file"), "someone else's");
  const error = await refusal(
    write,
    { path: "file", content: "two", expectedVersion: version },
    context,
  );
  expect(error).toMatchObject({ code: "version_conflict", data: { expectedVersion: version } });
  expect(await readFile(join(directory, "file"), "utf8")).toBe("someone else's");
  expect(
    await refusal(write, { path: "gone", content: "", expectedVersion: version }, context),
  ).toMatchObject({
    code: "version_conflict",
    data: { actualVersion: null },
  });
});

test.each(["createOnly", "expectedVersion"])(
  "of many writes at once with %s only one is not refused",
  async (condition) => {
    const directory = await makeDirectory();
    const context = contextIn(directory);
    const asked =
      condition === "createOnly"
        ? { createOnly: true }
        : {
            expectedVersion: (await output(write, { path: "f", content: "old" }, context))
              .version as string,
          };
    const all = Array.from({ length: 8 }, (_, n) =>
      output(write, { path: "f", content: `${n}`, ...asked }, context),
    );
    const made = await Promise.allSettled(all);
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(directory)).toEqual(["f"]);
  },
);

test("createOnly refuses a file that is there", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "mine");
  expect(
    await refusal(write, { path: "file", content: "x", createOnly: true }, contextIn(directory)),
  ).toMatchObject({
    code: "already_exists",
  });
  expect(await readFile(join(directory, "file"), "utf8")).toBe("mine");
});

test("a second name of the file keeps the old content", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "old");
  await link(join(directory, "file"), join(directory, "twin"));
  await output(write, { path: "file", content: "new" }, contextIn(directory));
  expect(await readFile(join(directory, "twin"), "utf8")).toBe("old");
});

test.each([
  [{ path: ".", content: "x" }, "is_a_directory"],
  [{ path: "/dev/null", content: "x" }, "not_a_file"],
  [{ path: "file/below", content: "x" }, "not_a_directory"],
  [{ path: "new", content: "not base64!", encoding: "base64" }, "invalid_input"],
  [{ path: "new", content: "x", mode: "rwx" }, "invalid_input"],
])("writing %j is refused with %s", async (input, code) => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "");
  expect(await refusal(write, input, contextIn(directory))).toMatchObject({ code });
  expect(await readdir(directory)).toEqual(["file"]);
});
