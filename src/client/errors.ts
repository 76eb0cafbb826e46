// How calls and connections fail, as a host sees it.
import type { Gap } from "../wire/events.ts";

/** The daemon's answer says no. */
export class CallError extends Error {
  override readonly name = "CallError";
  /** A snake_case word that programs may test: such as `not_found` or `invalid_input`; docs/errors.md lists them. */
  readonly code: string;
  /** The JSON-RPC number. */
  readonly number: number;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(number: number, message: string, data: Readonly<Record<string, unknown>>) {
    super(message);
    this.number = number;
    this.data = data;
    this.code = typeof data["code"] === "string" ? data["code"] : "unknown";
  }
}

/** The line broke under a call that must not be sent twice. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
  readonly method: string;
  /** False: the daemon has not heard of the call. True: it may or may not have happened. */
  readonly wasSent: boolean;

  constructor(method: string, why: string, { wasSent }: { readonly wasSent: boolean }) {
    const what = wasSent
      ? `broke while ${method} was under way (${why}); it may or may not have happened`
      : `broke before ${method} was sent (${why})`;
    super(`The connection ${what}`);
    this.method = method;
    this.wasSent = wasSent;
  }
}

/** The daemon ended while a command of `exec` ran, and the command with it: nobody saw how it ended. */
export class ProcessLostError extends Error {
  override readonly name = "ProcessLostError";
  readonly code = "process_lost";
  readonly processId: string;

  constructor(processId: string, options: { readonly cause: unknown }) {
    super(
      `The command ${processId} was lost with the daemon that ran it, which ended meanwhile; nobody saw how it ended`,
      options,
    );
    this.processId = processId;
  }
}

export type ConnectFailure =
  | "unauthorized"
  | "refused"
  | "unreachable"
  | "not_a_harnessd"
  | "closed";

/** There is no connection, and there will be none without a change. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: ConnectFailure;

  constructor(code: ConnectFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A call took longer than its `timeoutMs`; the daemon was told to cancel it. */
export class CallTimeoutError extends Error {
  override readonly name = "CallTimeoutError";

  constructor(method: string, timeoutMs: number) {
    super(`${method} was not answered within ${timeoutMs} ms`);
  }
}

/** The call does not fit into a frame; nothing was sent. */
export class FrameTooLargeError extends Error {
  override readonly name = "FrameTooLargeError";

  constructor(method: string, bytes: number, maxBytes: number) {
    super(
      `The params of ${method} make a frame of ${bytes} bytes, and the daemon takes ${maxBytes}; send files with upload, or raise --max-frame-mb`,
    );
  }
}

/** Facts that were asked for are gone. Follow on from `gap.resumeAt` to accept the hole. */
export class GapError extends Error {
  override readonly name = "GapError";
  readonly gap: Gap;

  constructor(gap: Gap) {
    super(
      `Facts ${gap.missingFrom ?? "?"} to ${gap.missingTo ?? "?"} are not to be had (${gap.reason}); delivery can go on after ${gap.resumeAt.seq}`,
    );
    this.gap = gap;
  }
}
