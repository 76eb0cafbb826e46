// The one error of the whole house that a caller can act on: tools, harnesses, the journal and runs throw it, and each door translates it.

/** What a code cannot say. */
export interface CodedErrorOptions {
  /** Facts behind the message, JSON-serialisable. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** Knows no door: neither a JSON-RPC number nor an HTTP status. Any other throw is a bug. */
export class CodedError extends Error {
  override readonly name: string = "CodedError";
  /** A snake_case word that programs may test, such as `not_found`; docs/errors.md lists them all. */
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(code: string, message: string, { data, cause }: CodedErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.data = data;
  }
}
