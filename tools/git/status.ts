// git_status: what has changed in a repository, and where it stands.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { repositoryPath } from "../machinery/repository/git-arguments.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

const MAX_FILES = 5000;
const letter =
  "M modified, A added, D deleted, R renamed, C copied, T type changed, U unmerged, ? untracked; a space: unchanged.";

export const status = defineTool({
  name: "git_status",
  description:
    "Tell the branch of a git repository, how far it is from its upstream, and which files have changed or are in conflict.",
  effect: "read",
  input: () => z.strictObject({ path: repositoryPath }),
  output: () =>
    z.object({
      branch: z.string().nullable().describe("Null when HEAD is detached."),
      upstream: z.string().nullable(),
      ahead: z.number().int().describe("Commits that the upstream lacks."),
      behind: z.number().int().describe("Commits that only the upstream has."),
      clean: z.boolean(),
      files: z.array(
        z.object({
          path: z.string().describe("Relative to the repository's root."),
          from: z.string().nullable().describe("The old path of a renamed file."),
          index: z.string().describe(`What is staged: ${letter}`),
          worktree: z.string().describe(`What is not staged: ${letter}`),
        }),
      ),
      conflicted: z.array(z.string()),
      truncated: z.boolean().describe(`True when more than ${MAX_FILES} files have changed.`),
    }),
  async run(asked, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const { found, isCut } = await withGit(
      path,
      context,
      { what: "read the status" },
      async ({ git, isTruncated }) => ({
        found: await git.status(["--untracked-files=all"]),
        isCut: isTruncated(),
      }),
    );
    const files = found.files.slice(0, MAX_FILES).map((file) => ({
      path: file.path,
      from: file.from ?? null,
      index: file.index,
      worktree: file.working_dir,
    }));
    return {
      branch: found.detached ? null : found.current,
      upstream: found.tracking,
      ahead: found.ahead,
      behind: found.behind,
      clean: found.isClean(),
      files,
      conflicted: found.conflicted.slice(0, MAX_FILES),
      truncated: isCut || found.files.length > MAX_FILES,
    };
  },
});
