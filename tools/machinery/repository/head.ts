// Where a repository stands.
import type { ToolContext } from "../../tool.ts";
import { withGit } from "./with-git.ts";

export interface Head {
  /** Null when HEAD is detached. */
  readonly branch: string | null;
  /** Null when there is no commit yet. */
  readonly commit: string | null;
}

export async function headOf(path: string, context: ToolContext): Promise<Head> {
  return await withGit(path, context, { what: "read HEAD", mayFail: true }, async ({ git }) => {
    const branch = (await git.raw(["symbolic-ref", "--quiet", "--short", "HEAD"])).trim();
    const commit = (await git.raw(["rev-parse", "--quiet", "--verify", "HEAD"])).trim();
    return { branch: branch || null, commit: commit || null };
  });
}
