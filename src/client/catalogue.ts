// What can be called, with its types: the daemon's methods and every tool of the box, under one kind of name.
import type { z } from "zod";
import type { tools } from "../../tools/index.ts";
import type { MethodInput, MethodName, MethodResult } from "../wire/methods.ts";

type AnyTool = (typeof tools)[number];
export type ToolName = AnyTool["name"];
type ToolNamed<Name extends ToolName> = Extract<AnyTool, { readonly name: Name }>;

export type CallName = MethodName | ToolName;
export type CallInput<Name extends CallName> = Name extends MethodName
  ? MethodInput<Name>
  : Name extends ToolName
    ? z.input<ToolNamed<Name>["input"]>
    : never;
export type CallResult<Name extends CallName> = Name extends MethodName
  ? MethodResult<Name>
  : Name extends ToolName
    ? z.output<ToolNamed<Name>["output"]>
    : never;

export interface CallOptions {
  /** Aborting it rejects with its reason at once, and tells the daemon to cancel. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Send it again when the line breaks under it; by default true for what changes nothing, or is idempotent. */
  readonly resend?: boolean | undefined;
}

/** Params may be left out where none are required. */
export type CallArguments<Name extends CallName> =
  Record<string, never> extends CallInput<Name>
    ? [params?: CallInput<Name>, options?: CallOptions]
    : [params: CallInput<Name>, options?: CallOptions];

/** Every tool as a function. */
export type ToolCalls = {
  readonly [Name in ToolName]: (...args: CallArguments<Name>) => Promise<CallResult<Name>>;
};

/** Whoever calls methods and tools of a daemon. */
export interface Caller {
  call<Name extends CallName>(name: Name, ...args: CallArguments<Name>): Promise<CallResult<Name>>;
}
