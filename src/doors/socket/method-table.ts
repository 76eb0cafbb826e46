// Ties handlers to the methods declared in src/wire/methods.ts: params and results are inferred, and forgetting one does not compile.
import type { z } from "zod";
import { methods, type MethodName, type MethodParams } from "../../wire/methods.ts";
import type { CallContext, Method, RawJson } from "./method.ts";

/** What a handler may answer: before defaults of the result's schema. */
type Answer<Name extends MethodName> = z.input<(typeof methods)[Name]["result"]> | RawJson;

export type Handlers = {
  readonly [Name in MethodName]: (
    params: MethodParams<Name>,
    call: CallContext,
  ) => Promise<Answer<Name>>;
};

/** A fresh table that tools can be added to. */
export function tableOf(handlers: Handlers): Map<string, Method> {
  const names = Object.keys(methods) as MethodName[];
  return new Map(
    names.map((name) => [
      name,
      {
        get params() {
          return methods[name].params;
        },
        outlivesConnection: methods[name].outlivesConnection,
        handle: handlers[name],
      },
    ]),
  );
}
