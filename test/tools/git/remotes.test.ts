import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { clone } from "../../../tools/git/clone.ts";
import { fetch as gitFetch } from "../../../tools/git/fetch.ts";
import { pull } from "../../../tools/git/pull.ts";
import { push } from "../../../tools/git/push.ts";
import { makeDirectory, output, refusal } from "../tool-context.ts";
import { gitContextIn } from "./git-context.ts";
import { makeRepository } from "./remote-host.ts";

/** Two clones, `mine` and `theirs`, of one bare repository. */
async function twoClones() {
  const base = await gitContextIn(await makeDirectory());
  const run = async (cwd: string, ...args: string[]) =>
    (await promisify(execFile)("git", args, { cwd, env: base.env })).stdout.trim();
  const bare = join(base.cwd, "bare.git");
  await run(base.cwd, "clone", "-q", "--bare", await makeRepository(), bare);
  const at = async (name: string) => {
    await output(clone, { url: bare, directory: name }, base);
    const cwd = join(base.cwd, name);
    const git = (...args: string[]) => run(cwd, ...args);
    const commit = async (content: string) => {
      await writeFile(join(cwd, "file.txt"), content);
      await git("commit", "-qam", content.trim());
      return await git("rev-parse", "HEAD");
    };
    return { context: { ...base, cwd }, git, commit };
  };
  return { bare, base, mine: await at("mine"), theirs: await at("theirs") };
}

test("clone takes a branch, a depth and a directory, shows progress, and tells where it stands", async () => {
  const context = await gitContextIn(await makeDirectory());
  const source = await makeRepository();
  const git = (...args: string[]) =>
    promisify(execFile)("git", args, { cwd: source, env: context.env });
  await git("commit", "-q", "--allow-empty", "-m", "Second");
  await git("branch", "topic");
  const answer = await output(
    clone,
    { url: `file://${source}`, branch: "topic", depth: 1, directory: "a/b" },
    context,
  );
  expect(answer).toEqual({
    path: join(context.cwd, "a/b"),
    branch: "topic",
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
  });
  const { stdout } = await promisify(execFile)("git", ["rev-list", "--count", "HEAD"], {
    cwd: answer.path,
  });
  expect(stdout).toBe("1\n");
  expect(context.emitted()).toMatch(/Receiving objects: 100%/);
});

test("without a directory the clone is named after the repository; an empty directory is filled, a full one is not touched", async () => {
  const context = await gitContextIn(await makeDirectory());
  const source = await makeRepository();
  const name = source.split("/").at(-1) ?? "";
  expect((await output(clone, { url: `${source}/` }, context)).path).toBe(join(context.cwd, name));
  await mkdir(join(context.cwd, "empty"));
  await output(clone, { url: source, directory: "empty" }, context);
  expect(await refusal(clone, { url: source, directory: "empty" }, context)).toMatchObject({
    code: "already_exists",
  });
});

test("an empty repository is cloned and has no commit", async () => {
  const context = await gitContextIn(await makeDirectory());
  await promisify(execFile)("git", [
    "init",
    "-q",
    "-b",
    "trunk",
    "--bare",
    join(context.cwd, "bare"),
  ]);
  expect(await output(clone, { url: "bare", directory: "copy" }, context)).toMatchObject({
    branch: "trunk",
    commit: null,
  });
});

test.each([
  [{ url: "/no/such/repo" }, "remote_not_found"],
  [{ url: "http://127.0.0.1:1/repo.git" }, "connection_failed"],
  [{ url: "--upload-pack=touch pwned" }, "invalid_input"],
  [{ url: "ext::sh -c touch% pwned" }, "git_failed"],
  [{ url: "repo", branch: "no-such" }, "ref_not_found"],
])("cloning %j is refused with %s and leaves nothing", async (input, code) => {
  const context = await gitContextIn(await makeDirectory());
  await promisify(execFile)("git", [
    "clone",
    "-q",
    "--bare",
    await makeRepository(),
    join(context.cwd, "repo"),
  ]);
  expect(await refusal(clone, { directory: "new", ...input }, context)).toMatchObject({ code });
  expect(await readdir(context.cwd)).toEqual(["repo"]);
});

test("nothing is cloned from or to a place outside of the roots", async () => {
  const context = await gitContextIn(await makeDirectory());
  const narrow = { ...context, paths: { roots: [context.cwd] } };
  const source = await makeRepository();
  expect(await refusal(clone, { url: source, directory: "x" }, narrow)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await refusal(clone, { url: `file://${source}`, directory: "x" }, narrow)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(
    await refusal(clone, { url: "https://example.invalid/r", directory: "../x" }, narrow),
  ).toMatchObject({ code: "path_not_allowed" });
});

test("what one clone pushes the other fetches and pulls", async () => {
  const { mine, theirs } = await twoClones();
  const sha = await theirs.commit("two\n");
  expect(await output(push, {}, theirs.context)).toMatchObject({
    refs: [{ from: "HEAD", to: "refs/heads/main", result: "fast_forward" }],
  });
  expect(await output(push, {}, theirs.context)).toMatchObject({
    refs: [{ result: "up_to_date" }],
  });
  expect((await output(gitFetch, {}, mine.context)).summary).toContain("main");
  expect((await output(gitFetch, {}, mine.context)).summary).toBe("");
  const pulled = await output(pull, {}, mine.context);
  expect(pulled).toMatchObject({ after: sha, summary: expect.stringContaining("Fast-forward") });
  expect(pulled.before).not.toBe(sha);
});

test("a new branch is pushed and followed, and deleted again", async () => {
  const { mine } = await twoClones();
  await mine.git("checkout", "-qb", "topic");
  expect(await output(push, { setUpstream: true }, mine.context)).toMatchObject({
    refs: [{ to: "refs/heads/topic", result: "created" }],
  });
  expect(await mine.git("rev-parse", "--abbrev-ref", "@{upstream}")).toBe("origin/topic");
  expect(await output(push, { refs: [":topic"] }, mine.context)).toMatchObject({
    refs: [{ to: "refs/heads/topic", result: "deleted" }],
  });
});

test("a push over others' commits is rejected, and with a lease only if they were seen", async () => {
  const { mine, theirs } = await twoClones();
  await theirs.commit("theirs\n");
  await output(push, {}, theirs.context);
  await mine.commit("mine\n");
  expect(await refusal(push, {}, mine.context)).toMatchObject({ code: "push_rejected" });
  expect(await refusal(push, { forceWithLease: true }, mine.context)).toMatchObject({
    code: "push_rejected",
  });
  await output(gitFetch, {}, mine.context);
  expect(await output(push, { forceWithLease: true }, mine.context)).toMatchObject({
    refs: [{ result: "forced" }],
  });
});

test("when both sides have commits a pull says so, merges or rebases as asked", async () => {
  const { mine, theirs } = await twoClones();
  await theirs.git("commit", "-q", "--allow-empty", "-m", "Theirs");
  await output(push, {}, theirs.context);
  await mine.commit("mine\n");
  expect(await refusal(pull, {}, mine.context)).toMatchObject({ code: "diverged" });
  await output(pull, { strategy: "merge" }, mine.context);
  expect(await mine.git("rev-list", "--count", "--merges", "HEAD")).toBe("1");
  await mine.git("reset", "-q", "--hard", "HEAD^1");
  await output(pull, { strategy: "rebase" }, mine.context);
  expect(await mine.git("log", "-2", "--format=%s")).toBe("mine\nTheirs");
});

test.each(["merge", "rebase"])(
  "a conflict in a pull by %s is told with its files and left to be resolved",
  async (strategy) => {
    const { mine, theirs } = await twoClones();
    await theirs.commit("theirs\n");
    await output(push, {}, theirs.context);
    await mine.commit("mine\n");
    const error = await refusal(pull, { strategy }, mine.context);
    expect(error).toMatchObject({ code: "merge_conflict", data: { files: ["file.txt"] } });
    expect(await readFile(join(mine.context.cwd, "file.txt"), "utf8")).toContain("<<<<<<<");
  },
);

test("changes in the way of a pull are not lost", async () => {
  const { mine, theirs } = await twoClones();
  await theirs.commit("theirs\n");
  await output(push, {}, theirs.context);
  await writeFile(join(mine.context.cwd, "file.txt"), "unsaved\n");
  expect(await refusal(pull, {}, mine.context)).toMatchObject({ code: "local_changes" });
});

test.each([
  ["git_fetch", gitFetch, { remote: "no-such" }, "remote_not_found"],
  ["git_fetch", gitFetch, { remote: "origin", refs: ["no-such"] }, "ref_not_found"],
  ["git_pull", pull, { remote: "no-such" }, "remote_not_found"],
  ["git_push", push, { remote: "no-such" }, "remote_not_found"],
  ["git_push", push, { refs: ["no-such"] }, "ref_not_found"],
])("%s: %o of %j is refused with %s", async (_, tool, input, code) => {
  const { mine } = await twoClones();
  expect(await refusal(tool, input, mine.context)).toMatchObject({ code });
});
