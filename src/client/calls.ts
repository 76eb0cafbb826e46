// One call over a link: sent when there is a line, and sent again after a broken one where that is harmless.
import type { CallOptions } from "./catalogue.ts";
import { CallTimeoutError, ConnectionLostError } from "./errors.ts";
import type { Link } from "./link.ts";

/** Rejects with CallError, CallTimeoutError, FrameTooLargeError, ConnectionLostError, ConnectError, or the signal's reason. */
export async function callOver(
  link: Link,
  name: string,
  params: unknown = {},
  options: CallOptions = {},
): Promise<unknown> {
  const { timeoutMs, resend = isResendable(link, name, params) } = options;
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

/** As the daemon has said of itself. */
function isResendable({ resend }: Link, name: string, params: unknown): boolean {
  if (!Object.hasOwn(resend, name)) return false;
  if (resend[name] === "always") return true;
  return (params as { readonly key?: unknown } | null)?.key !== undefined;
}
