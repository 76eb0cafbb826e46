// What the journal answers when it cannot do what was asked.

export type JournalErrorCode =
  | "schema_too_new"
  | "schema_unknown"
  | "locked"
  | "cannot_open"
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
