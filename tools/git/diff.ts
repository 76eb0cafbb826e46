// git_diff: what differs, in the worktree, the index or between commits.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitName, gitPaths, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { cutText } from "../machinery/repository/git-output.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const diff = defineTool({
  name: "git_diff",
  description:
    "Show a unified diff: of the worktree against the index, with `staged` of the index against HEAD (or `from`), with `from` of the worktree " +
    "against a commit, with `from` and `to` between two commits.",
  effect: "read",
  input: () =>
    z
      .strictObject({
        path: repositoryPath,
        staged: z.boolean().default(false),
        from: gitName.optional(),
        to: gitName.optional(),
        files: gitPaths.default([]).describe("Only these, relative to `path`."),
        context: z.number().int().min(0).max(100).default(3).describe("Lines around each change."),
        maxChars: z.number().int().min(1000).max(2_000_000).default(200_000),
      })
      .refine(({ from, to }) => to === undefined || from !== undefined, "`to` needs `from`")
      .refine(({ staged, to }) => !staged || to === undefined, "`staged` does not go with `to`"),
  output: () =>
    z.object({
      diff: z.string().describe("Empty when nothing differs."),
      truncated: z.boolean(),
    }),
  async run({ staged, from, to, files, context: lines, maxChars, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const refs = [from, to].filter((ref) => ref !== undefined);
    // Reading a difference must not run programs that the repository configures.
    const options = [
      "--no-color",
      "--no-ext-diff",
      "--no-textconv",
      `--unified=${lines}`,
      ...(staged ? ["--cached"] : []),
    ];
    const args = ["diff", ...options, ...refs, "--", ...files];
    return await withGit(
      path,
      context,
      { what: "show the difference", maxStdoutBytes: 4 * maxChars },
      async ({ git, isTruncated }) => {
        const { text, truncated } = cutText(await git.raw(args), maxChars, isTruncated());
        return { diff: text, truncated };
      },
    );
  },
});
