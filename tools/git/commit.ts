// git_commit: what is staged, committed.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitText, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { headOf } from "../machinery/repository/head.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

const person = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^<>\n\0]*$/, "must be one line without angle brackets");

export const commit = defineTool({
  name: "git_commit",
  description: "Commit what is staged. The repository's hooks run and may refuse.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      message: gitText.min(1).max(100_000),
      all: z.boolean().default(false).describe("First stage every change of tracked files."),
      author: z
        .strictObject({ name: person, email: person })
        .optional()
        .describe("Author and committer; absent: as git is configured."),
      amend: z.boolean().default(false).describe("Replace the last commit."),
      allowEmpty: z.boolean().default(false),
    }),
  output: () =>
    z.object({
      sha: z.string(),
      branch: z.string().nullable().describe("Null when HEAD is detached."),
      filesChanged: z.number().int(),
    }),
  async run({ message, all, author, amend, allowEmpty, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const flags = [
      ...(all ? ["--all"] : []),
      ...(amend ? ["--amend"] : []),
      ...(allowEmpty ? ["--allow-empty"] : []),
    ];
    const identity = author && {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
    };
    const options = {
      what: "commit",
      ...(identity && { env: identity }),
      stdin: message,
      isLive: true,
    };
    await withGit(path, context, options, ({ git }) =>
      git.raw(["commit", "--quiet", ...flags, "--file=-"]),
    );
    const { branch, commit: sha } = await headOf(path, context);
    const names = await withGit(path, context, { what: "read the commit" }, ({ git }) =>
      git.raw(["show", "--format=", "--name-only", "-z", "--no-ext-diff", "HEAD"]),
    );
    return {
      sha: sha ?? "",
      branch,
      filesChanged: names.split("\0").filter((name) => name !== "").length,
    };
  },
});
