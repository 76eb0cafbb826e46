import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { add } from "../../../tools/git/add.ts";
import { branch } from "../../../tools/git/branch.ts";
import { checkout } from "../../../tools/git/checkout.ts";
import { commit } from "../../../tools/git/commit.ts";
import { isRunning, readStat } from "../../../tools/machinery/process/proc-scan.ts";
import { callTool } from "../../../tools/tool.ts";
import { output, refusal } from "../tool-context.ts";
import { gitContextIn } from "./git-context.ts";
import { makeRepository } from "./remote-host.ts";

async function repository() {
  const context = await gitContextIn(await makeRepository());
  const git = async (...args: string[]) =>
    (await promisify(execFile)("git", args, { cwd: context.cwd, env: context.env })).stdout.trim();
  return {
    context,
    git,
    write: (file: string, content: string) => writeFile(join(context.cwd, file), content),
  };
}

test("add stages everything, deletions too, or only what is named", async () => {
  const { context, write } = await repository();
  await write("a", "");
  await write("-b", "");
  expect(await output(add, { files: ["-b"] }, context)).toEqual({
    staged: ["-b"],
    truncated: false,
  });
  await rm(join(context.cwd, "file.txt"));
  expect((await output(add, {}, context)).staged).toEqual(["-b", "a", "file.txt"]);
  expect(await refusal(add, { files: ["no-such"] }, context)).toMatchObject({
    code: "ref_not_found",
  });
});

test("commit answers with the commit that it made", async () => {
  const { context, git, write } = await repository();
  await write("file.txt", "two\n");
  const answer = await output(
    commit,
    { message: 'Second\n\nWith `$(odd)` "body"', all: true },
    context,
  );
  expect(answer).toEqual({ sha: await git("rev-parse", "HEAD"), branch: "main", filesChanged: 1 });
  expect(await git("log", "-1", "--format=%B|%an")).toBe(
    'Second\n\nWith `$(odd)` "body"\n|Tess Ter',
  );
});

test("an author is author and committer, and needs no configuration", async () => {
  const { context, git, write } = await repository();
  const bare = {
    ...context,
    env: { PATH: context.env["PATH"] ?? "", HOME: context.env["HOME"] ?? "", EMAIL: "" },
  };
  await write("file.txt", "two\n");
  expect(await refusal(commit, { message: "x", all: true }, bare)).toMatchObject({
    code: "identity_missing",
  });
  await output(
    commit,
    { message: "x", all: true, author: { name: "Ann O'Nym", email: "ann@example.com" } },
    bare,
  );
  expect(await git("log", "-1", "--format=%an <%ae> %cn <%ce>")).toBe(
    "Ann O'Nym <ann@example.com> Ann O'Nym <ann@example.com>",
  );
});

test("with nothing to commit the answer says so, unless an empty commit is wanted", async () => {
  const { context, write } = await repository();
  expect(await refusal(commit, { message: "x" }, context)).toMatchObject({
    code: "nothing_to_commit",
  });
  await write("file.txt", "two\n");
  expect(await refusal(commit, { message: "x" }, context)).toMatchObject({
    code: "nothing_to_commit",
  });
  expect(await output(commit, { message: "x", allowEmpty: true }, context)).toMatchObject({
    filesChanged: 0,
  });
});

test("a hook that refuses is heard, and no editor is ever opened", async () => {
  const { context, write, git } = await repository();
  await mkdir(join(context.cwd, ".git/hooks"), { recursive: true });
  await write(".git/hooks/pre-commit", "#!/bin/sh\necho 'tests failed' >&2\nexit 1\n");
  await chmod(join(context.cwd, ".git/hooks/pre-commit"), 0o755);
  const error = await refusal(commit, { message: "x", allowEmpty: true }, context);
  expect(error).toMatchObject({ code: "hook_failed", data: { exitCode: 1 } });
  expect(error.message).toContain("tests failed");
  expect(context.emitted()).toContain("tests failed");
  await rm(join(context.cwd, ".git/hooks/pre-commit"));
  await output(
    commit,
    { message: "Amended", amend: true },
    { ...context, env: { ...context.env, EDITOR: "cat", VISUAL: "vi" } },
  );
  expect(await git("log", "-1", "--format=%s")).toBe("Amended");
});

test("a cancelled commit ends the hook that it waits for, one that left its session too", async () => {
  const { context, write } = await repository();
  await mkdir(join(context.cwd, ".git/hooks"), { recursive: true });
  await write(
    ".git/hooks/pre-commit",
    "#!/bin/sh\nsetsid sh -c 'echo $$ >> pids; echo here >&2; trap \"\" TERM INT; while :; do sleep 1; done' &\nwait\n",
  );
  await chmod(join(context.cwd, ".git/hooks/pre-commit"), 0o755);
  const abort = new AbortController();
  const emit = async (): Promise<void> => abort.abort();
  const outcome = await callTool(
    commit,
    { message: "x", allowEmpty: true },
    { ...context, emit, signal: abort.signal },
  );
  expect(outcome).toMatchObject({ ok: false, error: { code: "cancelled" } });
  const pid = Number(await readFile(join(context.cwd, "pids"), "utf8"));
  const stat = readStat(pid);
  expect(stat !== undefined && isRunning(stat)).toBe(false);
});

test("branches are listed, created, renamed and deleted", async () => {
  const { context, git } = await repository();
  expect(await output(branch, {}, context)).toEqual({
    current: "main",
    branches: [
      { name: "main", sha: await git("rev-parse", "HEAD"), remote: false, upstream: null },
    ],
    truncated: false,
  });
  const named = ({ branches }: { branches: { name: string }[] }) =>
    branches.map(({ name }) => name);
  expect(named(await output(branch, { action: "create", name: "topic/a" }, context))).toEqual([
    "main",
    "topic/a",
  ]);
  expect(
    named(await output(branch, { action: "rename", name: "topic/a", newName: "b" }, context)),
  ).toEqual(["b", "main"]);
  expect(await refusal(branch, { action: "create", name: "b" }, context)).toMatchObject({
    code: "already_exists",
  });
  expect(
    await refusal(branch, { action: "create", name: "c", startPoint: "no-such" }, context),
  ).toMatchObject({ code: "ref_not_found" });
  expect(named(await output(branch, { action: "delete", name: "b" }, context))).toEqual(["main"]);
  expect(await refusal(branch, { action: "delete", name: "b" }, context)).toMatchObject({
    code: "ref_not_found",
  });
  expect(await refusal(branch, { action: "create" }, context)).toMatchObject({
    code: "invalid_input",
  });
  expect(await refusal(branch, { action: "create", name: "--force" }, context)).toMatchObject({
    code: "invalid_input",
  });
});

test("a branch that is not merged is deleted only with force", async () => {
  const { context, git } = await repository();
  await git("checkout", "-qb", "topic");
  await git("commit", "-q", "--allow-empty", "-m", "Only here");
  await git("checkout", "-q", "main");
  expect(await refusal(branch, { action: "delete", name: "topic" }, context)).toMatchObject({
    code: "not_merged",
  });
  await output(branch, { action: "delete", name: "topic", force: true }, context);
});

test("checkout goes to a branch, a new branch and a commit", async () => {
  const { context, git } = await repository();
  const sha = await git("rev-parse", "HEAD");
  expect(await output(checkout, { ref: "topic", create: true }, context)).toEqual({
    branch: "topic",
    commit: sha,
  });
  expect(await output(checkout, { ref: "main" }, context)).toEqual({ branch: "main", commit: sha });
  expect(await output(checkout, { ref: sha }, context)).toEqual({ branch: null, commit: sha });
  expect(await refusal(checkout, { ref: "no-such" }, context)).toMatchObject({
    code: "ref_not_found",
  });
});

test("a name of a file is not taken for a branch, and local changes are not lost", async () => {
  const { context, git, write } = await repository();
  await git("checkout", "-qb", "topic");
  await write("file.txt", "theirs\n");
  await git("commit", "-qam", "Theirs");
  await git("checkout", "-q", "main");
  await write("file.txt", "mine\n");
  expect(await refusal(checkout, { ref: "file.txt" }, context)).toMatchObject({
    code: "ref_not_found",
  });
  expect(await refusal(checkout, { ref: "topic" }, context)).toMatchObject({
    code: "local_changes",
  });
  expect(await readFile(join(context.cwd, "file.txt"), "utf8")).toBe("mine\n");
  await output(checkout, { ref: "topic", force: true }, context);
  expect(await readFile(join(context.cwd, "file.txt"), "utf8")).toBe("theirs\n");
});

test.each(["not found", "Authentication failed", "CONFLICT (content)", "Connection refused"])(
  "a hook that prints %s is told as the hook that refused",
  async (words) => {
    const { context, write } = await repository();
    const hook = join(context.cwd, ".git/hooks/pre-commit");
    await mkdir(join(context.cwd, ".git/hooks"), { recursive: true });
    await writeFile(hook, `#!/bin/sh\necho "lint: ${words}" >&2\nexit 1\n`);
    await chmod(hook, 0o755);
    await write("file.txt", "two\n");
    const answer = await refusal(commit, { message: "Second", all: true }, context);
    expect(answer).toMatchObject({ code: "hook_failed", data: { hook: "pre-commit" } });
    expect(answer.message).toContain(`lint: ${words}`);
  },
);

test("a hook that passes is not blamed for what git itself refuses", async () => {
  const { context } = await repository();
  const hook = join(context.cwd, ".git/hooks/pre-commit");
  await mkdir(join(context.cwd, ".git/hooks"), { recursive: true });
  await writeFile(hook, "#!/bin/sh\nexit 0\n");
  await chmod(hook, 0o755);
  expect(await refusal(commit, { message: "Nothing" }, context)).toMatchObject({
    code: "nothing_to_commit",
  });
});
