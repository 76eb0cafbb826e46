// What is wrong with a command line beyond what its parser can see.

/** The message says what was wanted, what was found and what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "wrong_usage";
}
