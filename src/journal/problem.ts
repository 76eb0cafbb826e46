// Trouble that the journal lives with and reports to its owner, and the codes of SQLite behind it.

/** Trouble that the journal lives with, for the log: a commit that has to be tried again, a subscriber dropped, a file set aside. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly error?: unknown;
}
export type OnProblem = (problem: Problem) => void;

/** SQLite's primary result code, or null where the error is not SQLite's. */
export function sqliteCode(error: unknown): number | null {
  const extended = error instanceof Error && "errcode" in error ? error.errcode : null;
  return typeof extended === "number" ? extended & 0xff : null;
}
