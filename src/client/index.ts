// `harnessd/client`: everything a host needs to drive a daemon.
export { Harnessd, type ConnectOptions, type LineOptions } from "./harnessd.ts";
export { RunHandle } from "./run-handle.ts";
export type { ExecOptions, ExecResult } from "./exec.ts";
export type { Download, DownloadOptions, UploadBody, UploadOptions } from "./transfer.ts";
export type { EventsOptions } from "./events.ts";
export type { CallInput, CallName, CallOptions, CallResult, ToolName } from "./catalogue.ts";
export {
  CallError,
  CallTimeoutError,
  ConnectError,
  ConnectionLostError,
  FrameTooLargeError,
  GapError,
  ProcessLostError,
  type ConnectFailure,
} from "./errors.ts";
export type { Cursor, Envelope, EventOf, EventType, Fact, Gap } from "../wire/events.ts";
export type { Run, RunRequestInput, Session } from "../wire/methods.ts";
