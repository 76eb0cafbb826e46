// What the journal answers when it cannot do what was asked, and what it tells its owner about trouble on the way.

export type JournalErrorCode =
  | "schema_too_new"
  | "locked"
  | "cannot_open"
  | "damaged"
  | "too_much_pending"
  | "too_many_subscribers"
  | "closed";

/** The journal says no; `code` is for programs, the message says what to do. */
export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

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
