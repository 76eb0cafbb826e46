// One call over a link: sent when there is a line, and sent again after a broken one where that is harmless.
import type { CallOptions } from "./catalogue.ts";
import { CallTimeoutError, ConnectionLostError } from "./errors.ts";
import type { Link } from "./link.ts";

/** Methods and tools that may be asked twice with the same effect as once. A test holds this against the catalogues. */
export const RESENDABLE: ReadonlySet<string> = new Set([
  "daemon_info",
  "harness_list",
  "run_get",
  "run_list",
  "run_wait",
  "run_cancel",
  "session_list",
  "permission_list",
  "events_read",
  "events_ack",
  "events_forget",
  "fs_glob",
  "fs_grep",
  "fs_list",
  "fs_read",
  "fs_stat",
  "git_diff",
  "git_log",
  "git_show",
  "git_status",
  "shell_list",
  "shell_read",
]);

/** Rejects with CallError, CallTimeoutError, FrameTooLargeError, ConnectionLostError, ConnectError, or the signal's reason. */
export async function callOver(
  link: Link,
  name: string,
  params: unknown = {},
  options: CallOptions = {},
): Promise<unknown> {
  const { timeoutMs, resend = isResendable(name, params) } = options;
  if (timeoutMs === undefined) return persist(link, name, params, resend, options.signal);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new CallTimeoutError(name, timeoutMs)), timeoutMs);
  const signal =
    options.signal === undefined
      ? deadline.signal
      : AbortSignal.any([options.signal, deadline.signal]);
  return persist(link, name, params, resend, signal).finally(() => clearTimeout(timer));
}

async function persist(
  link: Link,
  name: string,
  params: unknown,
  resend: boolean,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  for (;;) {
    const peer = await link.peer(signal);
    try {
      return await peer.call(name, params, { signal, maxFrameBytes: link.maxFrameBytes });
    } catch (error) {
      if (!(error instanceof ConnectionLostError && resend)) throw error;
    }
  }
}

/** `run_start` is idempotent by its key, if it has one. */
function isResendable(name: string, params: unknown): boolean {
  if (name === "run_start") return (params as { readonly key?: unknown } | null)?.key !== undefined;
  return RESENDABLE.has(name);
}
