import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { diff } from "../../../tools/git/diff.ts";
import { log } from "../../../tools/git/log.ts";
import { show } from "../../../tools/git/show.ts";
import { status } from "../../../tools/git/status.ts";
import { makeDirectory, output, refusal } from "../tool-context.ts";
import { gitContextIn } from "./git-context.ts";
import { makeRepository } from "./remote-host.ts";

async function repository() {
  const context = await gitContextIn(await makeRepository());
  const git = (...args: string[]) =>
    promisify(execFile)("git", args, { cwd: context.cwd, env: context.env });
  return {
    context,
    git,
    write: (file: string, content: string | Uint8Array) =>
      writeFile(join(context.cwd, file), content),
  };
}

test("status tells branch, staged, changed, renamed, deleted and untracked files", async () => {
  const { context, git, write } = await repository();
  expect(await output(status, {}, context)).toMatchObject({
    branch: "main",
    upstream: null,
    clean: true,
    files: [],
    truncated: false,
  });
  await write("b.txt", "b\n".repeat(20));
  await write("gone.txt", "gone\n");
  await git("add", ".");
  await git("commit", "-qm", "More");
  await git("mv", "b.txt", "c ü.txt");
  await rm(join(context.cwd, "gone.txt"));
  await write("file.txt", "changed\n");
  await mkdir(join(context.cwd, "new"));
  await write("new/file", "");
  const { files, clean } = await output(status, {}, context);
  expect(clean).toBe(false);
  expect(
    files.sort((one: { path: string }, other: { path: string }) =>
      one.path < other.path ? -1 : 1,
    ),
  ).toEqual([
    { path: "c ü.txt", from: "b.txt", index: "R", worktree: " " },
    { path: "file.txt", from: null, index: " ", worktree: "M" },
    { path: "gone.txt", from: null, index: " ", worktree: "D" },
    { path: "new/file", from: null, index: "?", worktree: "?" },
  ]);
});

test("status tells a detached HEAD and how far a branch is from its upstream", async () => {
  const { context, git } = await repository();
  await git("branch", "base");
  await git("branch", "--set-upstream-to=base");
  await git("commit", "-q", "--allow-empty", "-m", "Ahead");
  expect(await output(status, {}, context)).toMatchObject({
    branch: "main",
    upstream: "base",
    ahead: 1,
    behind: 0,
  });
  await git("checkout", "-q", "--detach");
  expect(await output(status, {}, context)).toMatchObject({ branch: null });
});

test("status works in a repository without commits", async () => {
  const context = await gitContextIn(await makeDirectory());
  await promisify(execFile)("git", ["init", "-q", "-b", "trunk"], { cwd: context.cwd });
  expect(await output(status, {}, context)).toMatchObject({ branch: "trunk", clean: true });
});

test("diff shows the worktree, the index, and two commits, of some files or all", async () => {
  const { context, git, write } = await repository();
  await write("file.txt", "two\n");
  await git("add", ".");
  await write("file.txt", "three\n");
  expect((await output(diff, {}, context)).diff).toMatch(/-two\n\+three/);
  expect((await output(diff, { staged: true }, context)).diff).toMatch(/-one\n\+two/);
  expect((await output(diff, { from: "HEAD" }, context)).diff).toMatch(/-one\n\+three/);
  expect(await output(diff, { files: ["other"] }, context)).toEqual({ diff: "", truncated: false });
  await git("commit", "-qm", "Two");
  expect((await output(diff, { from: "HEAD~1", to: "HEAD" }, context)).diff).toMatch(/-one\n\+two/);
});

test("a large diff is cut at a line, without a broken character, and says so", async () => {
  const { context, write } = await repository();
  await write("file.txt", "äöü\n".repeat(50_000));
  const answer = await output(diff, { maxChars: 1000 }, context);
  expect(answer.truncated).toBe(true);
  expect(answer.diff.length).toBeLessThanOrEqual(1000);
  expect(answer.diff).not.toContain("\uFFFD");
  expect(answer.diff.endsWith("+äöü\n")).toBe(true);
});

test("a diff runs no program that the repository configures", async () => {
  const { context, git, write } = await repository();
  await git("config", "diff.external", `touch ${context.cwd}/ran`);
  await git("config", "diff.up.textconv", `touch ${context.cwd}/ran`);
  await write(".gitattributes", "*.txt diff=up\n");
  await write("file.txt", "two\n");
  expect((await output(diff, {}, context)).diff).toMatch(/-one\n\+two/);
  await expect(rm(join(context.cwd, "ran"))).rejects.toThrow("ENOENT");
});

test("log lists commits newest first, in pages, of files, authors and ranges", async () => {
  const { context, git, write } = await repository();
  for (const n of [2, 3]) {
    await write(`${n}.txt`, `${n}\n`);
    await git("add", ".");
    await git("commit", "-qm", `Commit ${n}`, "-m", "With a body\nof two lines");
  }
  const { commits, hasMore } = await output(log, {}, context);
  expect(commits.map(({ subject }: { subject: string }) => subject)).toEqual([
    "Commit 3",
    "Commit 2",
    "First",
  ]);
  expect(commits[0]).toMatchObject({
    sha: expect.stringMatching(/^[0-9a-f]{40}$/),
    parents: [commits[1].sha],
    authorName: "Tess Ter",
    authorEmail: "tess@example.com",
    authoredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    body: "With a body\nof two lines",
  });
  expect(hasMore).toBe(false);
  expect(await output(log, { limit: 1, skip: 1 }, context)).toMatchObject({
    commits: [{ subject: "Commit 2" }],
    hasMore: true,
  });
  expect((await output(log, { files: ["3.txt"] }, context)).commits).toHaveLength(1);
  expect((await output(log, { ref: "HEAD~1..HEAD" }, context)).commits).toHaveLength(1);
  expect((await output(log, { author: "nobody" }, context)).commits).toHaveLength(0);
  expect((await output(log, { grep: "Commit" }, context)).commits).toHaveLength(2);
});

test("show tells a commit with its diff, and a file as it was", async () => {
  const { context, git, write } = await repository();
  await write("file.txt", "two\n");
  await git("commit", "-qam", "Second");
  expect(await output(show, {}, context)).toMatchObject({
    commit: { subject: "Second" },
    diff: expect.stringMatching(/-one\n\+two/),
    content: null,
    truncated: false,
  });
  expect(await output(show, { ref: "HEAD~1", file: "file.txt" }, context)).toMatchObject({
    commit: { subject: "First" },
    content: "one\n",
    diff: null,
  });
});

test.each([
  ["git_log", log, { ref: "no-such" }, "ref_not_found"],
  ["git_show", show, { ref: "no-such" }, "ref_not_found"],
  ["git_show", show, { file: "no-such" }, "ref_not_found"],
  ["git_diff", diff, { from: "no-such" }, "ref_not_found"],
  ["git_log", log, { ref: "--output=pwned" }, "invalid_input"],
  ["git_diff", diff, { from: "--output=pwned" }, "invalid_input"],
  ["git_diff", diff, { to: "HEAD" }, "invalid_input"],
  ["git_status", status, { path: "no-such" }, "not_found"],
  ["git_status", status, { path: "file.txt" }, "not_a_directory"],
])("%s: %o of %j is refused with %s", async (_, tool, input, code) => {
  const { context } = await repository();
  expect(await refusal(tool, input, context)).toMatchObject({ code });
});

test("a directory that is no repository is said to be none, and one that begins above the roots is not found", async () => {
  const outside = await gitContextIn(await makeDirectory());
  expect(await refusal(status, {}, outside)).toMatchObject({ code: "not_a_repository" });
  const { context } = await repository();
  await mkdir(join(context.cwd, "sub"));
  const narrow = {
    ...context,
    cwd: join(context.cwd, "sub"),
    paths: { roots: [join(context.cwd, "sub")] },
  };
  expect(await refusal(status, {}, narrow)).toMatchObject({ code: "not_a_repository" });
});

test("without the git program the answer says what is missing", async () => {
  const { context } = await repository();
  const error = await refusal(status, {}, { ...context, env: { PATH: "/nowhere" } });
  expect(error.code).toBe("program_not_found");
  expect(error.message).toContain("git is not installed");
});
