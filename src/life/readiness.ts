// Why the daemon is not ready to be used: what `/readyz` answers.
import { statSync } from "node:fs";
import type { Journal } from "../journal/journal.ts";

/** Answers the reasons of the moment; `journalFile` is the file that the journal has open now. */
export function readinessOf(
  journal: Pick<Journal, "problem">,
  journalFile: string,
): () => readonly string[] {
  const opened = identityOf(journalFile);
  return () => {
    const reasons = journal.problem === null ? [] : [journal.problem];
    // SQLite goes on in a file that has no name any more, and all that it writes goes with it.
    if (identityOf(journalFile) !== opened)
      reasons.push(
        `${journalFile} was removed or replaced under the daemon: what happens now is lost when it ends. Restart it`,
      );
    return reasons;
  };
}

function identityOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}
