// A commit as the git tools tell it.
import { z } from "zod";

export const Commit = z.object({
  sha: z.string(),
  parents: z.array(z.string()),
  authorName: z.string(),
  authorEmail: z.string(),
  authoredAt: z.string().describe("RFC 3339."),
  committedAt: z.string().describe("RFC 3339."),
  subject: z.string(),
  body: z.string(),
});
export type Commit = z.output<typeof Commit>;

/** For `git log` and `git show`, with `-z`: one record a commit. */
export const COMMIT_FORMAT = "--format=%H%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cI%x1f%s%x1f%b";

export function parseCommit(record: string): Commit {
  const [
    sha = "",
    parents = "",
    authorName = "",
    authorEmail = "",
    authoredAt = "",
    committedAt = "",
    subject = "",
    ...body
  ] = record.split("\x1f");
  return {
    sha: sha.trim(),
    parents: parents.split(" ").filter((parent) => parent !== ""),
    authorName,
    authorEmail,
    authoredAt,
    committedAt,
    subject,
    body: body.join("\x1f").trimEnd(),
  };
}
