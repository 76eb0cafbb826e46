// git_pull: what is new at a remote, brought into the current branch.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitName, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { withoutProgress } from "../machinery/repository/git-output.ts";
import { headOf } from "../machinery/repository/head.ts";
import { credentialFields, openRemote } from "../machinery/repository/remote.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool, type ToolContext } from "../tool.ts";

export const pull = defineTool({
  name: "git_pull",
  description:
    "Fetch from a remote and bring the current branch up to it. When both sides have commits of their own, `strategy` says what to do. " +
    "A conflict is refused with the files in conflict, and left in the worktree to be resolved.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      remote: gitName.optional().describe("A remote's name or URL; absent: the branch's own."),
      branch: gitName.optional().describe("Needs `remote`."),
      strategy: z.enum(["fast-forward", "merge", "rebase"]).default("fast-forward"),
      ...credentialFields,
    }),
  output: () =>
    z.object({
      before: z.string().nullable().describe("The commit before."),
      after: z.string().nullable().describe("The commit now."),
      summary: z.string(),
    }),
  async run({ branch, strategy, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const { remote, options } = await openRemote(path, context, asked, false);
    const how = { "fast-forward": "--ff-only", merge: "--no-rebase", rebase: "--rebase" }[strategy];
    const target = remote === undefined ? [] : [remote, ...(branch === undefined ? [] : [branch])];
    const before = (await headOf(path, context)).commit;
    const summary = await withGit(
      path,
      context,
      { ...options, what: "pull", isLive: true },
      async ({ git, exit }) => {
        const stdout = await git.raw(["pull", "--progress", "--no-edit", how, ...target]);
        return [withoutProgress(exit().stderr), stdout.trim()]
          .filter((text) => text !== "")
          .join("\n");
      },
    ).catch((error: unknown) => namingConflicts(error, path, context));
    return { before, after: (await headOf(path, context)).commit, summary };
  },
});

async function namingConflicts(error: unknown, path: string, context: ToolContext): Promise<never> {
  if (!(error instanceof CodedError) || error.code !== "merge_conflict") throw error;
  const names = await withGit(path, context, { what: "list conflicts" }, ({ git }) =>
    git.raw(["diff", "--name-only", "--diff-filter=U", "-z"]),
  );
  const files = names.split("\0").filter((name) => name !== "");
  throw new CodedError("merge_conflict", `${error.message}\nIn conflict: ${files.join(", ")}`, {
    data: { ...error.data, files },
    cause: error,
  });
}
