// git_clone: a repository, cloned.
import { CodedError } from "../coded-error.ts";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { answeringErrno, errnoOf } from "../machinery/files/errno.ts";
import { makeDirectory } from "../machinery/files/make-directory.ts";
import { resolvePath, resolveTarget } from "../paths.ts";
import { cleanRemote } from "../machinery/repository/credentials.ts";
import { gitName, gitText } from "../machinery/repository/git-arguments.ts";
import { headOf } from "../machinery/repository/head.ts";
import { credentialFields } from "../machinery/repository/remote.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const clone = defineTool({
  name: "git_clone",
  description:
    "Clone a git repository into a new or empty directory. Progress is shown as output; a clone that fails leaves nothing.",
  effect: "write",
  input: () =>
    z.strictObject({
      url: gitName.describe(
        "https, ssh, git or file URL, `user@host:path`, or a path in the box. A secret in it is used as `token` and not stored.",
      ),
      directory: gitText.min(1).optional().describe("Absent: named after the repository."),
      branch: gitName.optional().describe("A branch or a tag."),
      depth: z.number().int().positive().optional().describe("Only that many commits of history."),
      ...credentialFields,
    }),
  output: () =>
    z.object({
      path: z.string().describe("Absolute."),
      branch: z.string().nullable().describe("Null when a tag was checked out."),
      commit: z.string().nullable().describe("Null when the repository is empty."),
    }),
  async run({ branch, depth, token, username, ...asked }, context) {
    const { remote, credential } = cleanRemote(asked.url, token, username);
    const source = localPathOf(remote);
    if (source !== undefined) await resolvePath(source, context.cwd, context.paths);
    const path = await resolveTarget(asked.directory ?? nameOf(remote), context.cwd, context.paths);
    const existed = await refuseFilled(path);
    const args = [
      "clone",
      "--progress",
      ...(branch ? ["--branch", branch] : []),
      ...(depth ? ["--depth", `${depth}`] : []),
      "--",
      remote,
      path,
    ];
    await answeringErrno("make directory", dirname(path), () => makeDirectory(dirname(path)));
    const options = { what: "clone", credential, remoteUrl: remote, isLive: true };
    try {
      await withGit(context.cwd, context, options, ({ git }) => git.raw(args));
    } catch (error) {
      // git tidies up after itself, but not when it had to be killed.
      if (!existed) await rm(path, { recursive: true, force: true });
      throw error;
    }
    return { path, ...(await headOf(path, context)) };
  },
});

/** Answers whether the directory is there. Throws CodedError `already_exists` unless it is missing or empty. */
async function refuseFilled(path: string): Promise<boolean> {
  try {
    const entries = await readdir(path);
    if (entries.length === 0) return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    if (errnoOf(error) !== "ENOTDIR") throw error;
  }
  throw new CodedError(
    "already_exists",
    `Cannot clone into ${path}: it is there and not an empty directory`,
    { data: { path } },
  );
}

/** The path in the box that the remote is: a file URL, or neither a scheme nor a `host:` before the first slash. */
function localPathOf(remote: string): string | undefined {
  if (/^file:/i.test(remote)) return decodeURIComponent(remote.replace(/^file:(\/\/[^/]*)?/i, ""));
  return remote.includes("://") || /^[^/]+:/.test(remote) ? undefined : remote;
}

function nameOf(remote: string): string {
  const name = basename(remote.replace(/[/\\]+$/, "").replace(/^.*:/, "/")).replace(/\.git$/, "");
  if (name !== "" && name !== "." && name !== "..") return name;
  throw new CodedError(
    "invalid_input",
    `The repository's name cannot be told from ${remote}: give a \`directory\``,
  );
}
