// What a method is to the wire, which knows none by name: how to check its params, and what to do.
import type { z } from "zod";
import type { CloseReason } from "../../wire/socket/close-codes.ts";

/** What a method may do with the line that its call came over. */
export interface Line {
  /** Aborted when the line is closed. */
  readonly closed: AbortSignal;
  /** `params` is JSON text. Resolves when there is room for more, false when the line is closed. Never rejects. */
  notify(method: string, params: string): Promise<boolean>;
  close(reason: CloseReason, text?: string): void;
}

export interface CallContext {
  /** Aborted by the host's `$/cancelRequest`, and when its line breaks unless the method outlives that. */
  readonly signal: AbortSignal;
  readonly connection: Line;
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
