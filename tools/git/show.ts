// git_show: one commit with its changes, or a file as it was.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { Commit, COMMIT_FORMAT, parseCommit } from "../machinery/repository/commit.ts";
import { gitName, gitText, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { cutText } from "../machinery/repository/git-output.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const show = defineTool({
  name: "git_show",
  description:
    "Show a commit with its diff, or with `file` the text of that file as it was in the commit.",
  effect: "read",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      ref: gitName.default("HEAD").describe("A commit, or a branch or tag that leads to one."),
      file: gitText.min(1).optional().describe("Relative to `path`."),
      maxChars: z.number().int().min(1000).max(2_000_000).default(200_000),
    }),
  output: () =>
    z.object({
      commit: Commit,
      diff: z
        .string()
        .nullable()
        .describe("Null when a file was asked for; of a merge, what it resolved."),
      content: z.string().nullable().describe("The file; null when none was asked for."),
      truncated: z.boolean(),
    }),
  async run({ ref, file, maxChars, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const options = { what: `show ${ref}`, maxStdoutBytes: 4 * maxChars };
    return await withGit(path, context, options, async ({ git, isTruncated }) => {
      const sha = (await git.raw(["rev-parse", "--verify", `${ref}^{commit}`])).trim();
      const commit = parseCommit(
        await git.raw(["log", "-1", "--no-color", "--no-show-signature", COMMIT_FORMAT, sha, "--"]),
      );
      const wanted =
        file === undefined
          ? ["show", "--format=", "--no-color", "--no-ext-diff", "--no-textconv", sha, "--"]
          : ["show", `${sha}:./${file}`];
      const { text, truncated } = cutText(await git.raw(wanted), maxChars, isTruncated());
      if (file === undefined) return { commit, diff: text, content: null, truncated };
      if (text.includes("\0"))
        throw new CodedError("binary_file", `${file} at ${ref} is not text`, {
          data: { file, ref },
        });
      return { commit, diff: null, content: text, truncated };
    });
  },
});
