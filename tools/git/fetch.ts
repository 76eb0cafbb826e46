// git_fetch: what is new at a remote, brought here.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitName, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { withoutProgress } from "../machinery/repository/git-output.ts";
import { credentialFields, openRemote } from "../machinery/repository/remote.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const fetch = defineTool({
  name: "git_fetch",
  description: "Fetch branches and tags from a remote, without changing the worktree.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      remote: gitName
        .optional()
        .describe("A remote's name or URL; absent: the branch's own, or origin."),
      refs: z
        .array(gitName)
        .max(100)
        .default([])
        .describe("Branches, tags or refspecs; absent: as configured. Needs `remote`."),
      prune: z.boolean().default(false).describe("Forget remote branches that are gone."),
      tags: z.boolean().default(false).describe("All tags."),
      depth: z.number().int().positive().optional(),
      ...credentialFields,
    }),
  output: () =>
    z.object({
      summary: z.string().describe("What git says it fetched; empty when there was nothing new."),
    }),
  async run({ refs, prune, tags, depth, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const { remote, options } = await openRemote(path, context, asked, false);
    const flags = [
      "--progress",
      ...(prune ? ["--prune"] : []),
      ...(tags ? ["--tags"] : []),
      ...(depth ? [`--depth=${depth}`] : []),
    ];
    const args = ["fetch", ...flags, ...(remote === undefined ? [] : [remote, ...refs])];
    return await withGit(
      path,
      context,
      { ...options, what: "fetch", isLive: true },
      async ({ git, exit }) => {
        await git.raw(args);
        return { summary: withoutProgress(exit().stderr) };
      },
    );
  },
});
