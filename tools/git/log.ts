// git_log: commits, newest first.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { Commit, COMMIT_FORMAT, parseCommit } from "../machinery/repository/commit.ts";
import {
  gitName,
  gitPaths,
  gitText,
  repositoryPath,
} from "../machinery/repository/git-arguments.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const log = defineTool({
  name: "git_log",
  description:
    "List commits, newest first: of a branch, a range such as `main..topic`, or those that touched some files.",
  effect: "read",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      ref: gitName.default("HEAD").describe("A branch, tag, commit or range."),
      files: gitPaths.default([]).describe("Only commits that touched these, relative to `path`."),
      author: gitText.min(1).optional().describe("A pattern that name or e-mail matches."),
      grep: gitText.min(1).optional().describe("A pattern that the message matches."),
      since: gitText.min(1).optional().describe("A date, or such as `2 weeks ago`."),
      until: gitText.min(1).optional(),
      skip: z.number().int().nonnegative().default(0),
      limit: z.number().int().min(1).max(1000).default(50),
    }),
  output: () => z.object({ commits: z.array(Commit), hasMore: z.boolean() }),
  async run({ ref, files, author, grep, since, until, skip, limit, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const filters = Object.entries({ author, grep, since, until }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`],
    );
    const paging = [`--skip=${skip}`, `--max-count=${limit + 1}`];
    const args = [
      "log",
      "-z",
      "--no-color",
      "--no-show-signature",
      COMMIT_FORMAT,
      ...paging,
      ...filters,
      ref,
      "--",
      ...files,
    ];
    const options = { what: "list commits", maxStdoutBytes: 8 * 1024 * 1024 };
    return await withGit(path, context, options, async ({ git, isTruncated }) => {
      const records = (await git.raw(args)).split("\0").filter((record) => record.trim() !== "");
      // The last record of an output that was cut is not whole.
      const whole = isTruncated() ? records.slice(0, -1) : records;
      return {
        commits: whole.slice(0, limit).map(parseCommit),
        hasMore: isTruncated() || whole.length > limit,
      };
    });
  },
});
