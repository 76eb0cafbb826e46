// git_checkout: another branch or commit in the worktree.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitName, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { headOf } from "../machinery/repository/head.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const checkout = defineTool({
  name: "git_checkout",
  description:
    "Check out a branch, tag or commit, or with `create` a new branch. A branch that only a remote has is made here too.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      ref: gitName.describe("With `create` the new branch's name."),
      create: z.boolean().default(false),
      startPoint: gitName.optional().describe("For `create`; absent: HEAD."),
      force: z.boolean().default(false).describe("Throw away local changes."),
    }),
  output: () =>
    z.object({
      branch: z.string().nullable().describe("Null when HEAD is detached."),
      commit: z.string().nullable(),
    }),
  async run({ ref, create, startPoint, force, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const target = create ? ["-b", ref, ...(startPoint === undefined ? [] : [startPoint])] : [ref];
    const args = ["checkout", "--quiet", ...(force ? ["--force"] : []), ...target, "--"];
    await withGit(path, context, { what: `check out ${ref}` }, ({ git }) => git.raw(args));
    return await headOf(path, context);
  },
});
