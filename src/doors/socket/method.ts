// What a method is to the wire, which knows none by name: how to check its params, and what to do.
import type { z } from "zod";
import type { Connection } from "./connection.ts";

export interface CallContext {
  /** Aborted by the host's `$/cancelRequest`, and when its line breaks unless the method outlives that. */
  readonly signal: AbortSignal;
  readonly connection: Connection;
  /** Runs `task` right after this call's answer was given to the socket; never, when the call fails. */
  readonly afterAnswer: (task: () => void) => void;
}

export interface Method<Params extends z.ZodType = z.ZodType> {
  readonly params: Params;
  /** True: goes on when the host's line breaks; its effect is wanted, not just its answer. */
  readonly outlivesConnection?: boolean;
  /** May answer with `RawJson`. Throws CodedError to refuse; any other throw is a bug. */
  handle(params: z.output<Params>, call: CallContext): Promise<unknown>;
}

export type MethodTable = ReadonlyMap<string, Method>;

/** An answer that is JSON text already, sent as it is. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
