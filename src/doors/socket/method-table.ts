// Ties handlers to the methods declared in src/methods.ts: params and results are inferred, and forgetting one does not compile.
import type { z } from "zod";
import type { answers } from "../../wire/answers.ts";
import { methods, type MethodName, type MethodParams } from "../../wire/methods.ts";
import type { CallContext, Method, RawJson } from "./method.ts";

/** What a handler may answer: before defaults of the result's schema. */
type Answer<Name extends MethodName> = z.input<(typeof answers)[Name]> | RawJson;

export type Handlers = {
  readonly [Name in MethodName]: (
    params: MethodParams<Name>,
    call: CallContext,
  ) => Promise<Answer<Name>>;
};

/** Starting, cancelling and answering take effect even when the line breaks meanwhile. */
const OUTLIVING: ReadonlySet<MethodName> = new Set([
  "run_start",
  "run_cancel",
  "run_steer",
  "permission_answer",
] as const);

/** A fresh table that tools can be added to. */
export function tableOf(handlers: Handlers): Map<string, Method> {
  const names = Object.keys(methods) as MethodName[];
  return new Map(
    names.map((name) => [
      name,
      {
        params: methods[name].params,
        outlivesConnection: OUTLIVING.has(name),
        handle: handlers[name],
      },
    ]),
  );
}
