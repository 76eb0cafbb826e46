// How a method of the wire is declared: one record with all that hosts and doors need to know of it.
import type { z } from "zod";
import type { ErrorCode } from "./error-codes.ts";

/** Whether a call may be sent again when the line broke before its answer. `with_key`: when its params hold a `key`. */
export type Resend = "always" | "with_key" | "never";

export interface MethodRecord<
  Params extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
> {
  readonly description: string;
  readonly params: Params;
  readonly result: Result;
  /** True: it goes on when the host's line breaks, since its effect is wanted and not just its answer. */
  readonly outlivesConnection: boolean;
  readonly resend: Resend;
  /** Codes of its own, beside those that any call may be answered with. */
  readonly errors: readonly ErrorCode[];
}

type Declaration<Params extends z.ZodType, Result extends z.ZodType> = Omit<
  MethodRecord<Params, Result>,
  "params" | "result"
> & {
  readonly params: () => Params;
  readonly result: () => Result;
};

/** The schemas are made when they are first needed, which costs a daemon's start nothing. */
export function defineMethod<Params extends z.ZodType, Result extends z.ZodType>(
  declaration: Declaration<Params, Result>,
): MethodRecord<Params, Result> {
  let params: Params | undefined;
  let result: Result | undefined;
  return {
    ...declaration,
    get params() {
      return (params ??= declaration.params());
    },
    get result() {
      return (result ??= declaration.result());
    },
  };
}
