// One call over a link: sent when there is a line, and sent again after a broken one where that is harmless.
import type { CallOptions } from "./catalogue.ts";
import { CallError, CallTimeoutError, ConnectionLostError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Peer } from "./peer.ts";

const ENDING_CODES: ReadonlySet<string> = new Set(["shutting_down", "closed"]);

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
      if (resend && isEnding(error)) await lineOver(peer, signal);
      else if (!mayBeSentAgain(error, resend)) throw error;
    }
  }
}

function mayBeSentAgain(error: unknown, resend: boolean): boolean {
  return error instanceof ConnectionLostError && (resend || !error.wasSent);
}

/** A daemon that shuts down takes nothing any more, but its successor may. */
function isEnding(error: unknown): boolean {
  return error instanceof CallError && ENDING_CODES.has(error.code);
}

/** Rejects with the signal's reason. */
async function lineOver(peer: Peer, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await peer.closed);
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  await Promise.race([peer.closed, aborted]).finally(() =>
    signal.removeEventListener("abort", abort),
  );
}

/** As the daemon has said of itself. */
function isResendable({ resend }: Link, name: string, params: unknown): boolean {
  if (!Object.hasOwn(resend, name)) return false;
  if (resend[name] === "always") return true;
  return (params as { readonly key?: unknown } | null)?.key !== undefined;
}
