// git_add: changes, staged.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitPaths, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

const MAX_FILES = 5000;

export const add = defineTool({
  name: "git_add",
  description:
    "Stage changes for the next commit: all of them, or those of some files. Deleted files are staged as deleted.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      files: gitPaths
        .min(1)
        .optional()
        .describe("Relative to `path`; absent: everything in the repository."),
      force: z.boolean().default(false).describe("Also files that .gitignore names."),
    }),
  output: () =>
    z.object({
      staged: z
        .array(z.string())
        .describe("All that is staged now, relative to the repository's root."),
      truncated: z.boolean().describe(`True when more than ${MAX_FILES} files are staged.`),
    }),
  async run({ files, force, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    return await withGit(path, context, { what: "stage changes" }, async ({ git, isTruncated }) => {
      await git.raw([
        "add",
        "--all",
        ...(force ? ["--force"] : []),
        ...(files ? ["--", ...files] : []),
      ]);
      const names = (await git.raw(["diff", "--cached", "--name-only", "-z", "--no-ext-diff"]))
        .split("\0")
        .filter((name) => name !== "");
      return {
        staged: names.slice(0, MAX_FILES),
        truncated: isTruncated() || names.length > MAX_FILES,
      };
    });
  },
});
