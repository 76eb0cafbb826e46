// Keeps a daemon within reach: one peer at a time, the next one when a line breaks, until it is closed or refused for good.
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import { backoffMs, type Backoff } from "../wire/socket/backoff.ts";
import { CLOSE_CODES, mayRetry } from "../wire/socket/close-codes.ts";
import type { MethodResult } from "../wire/methods.ts";
import { SocketRefused } from "../wire/socket/open-socket.ts";
import { ConnectError, type ConnectFailure } from "./errors.ts";
import { Peer, type Closing } from "./peer.ts";

/** A line that held this long was a good one: the next wait begins small again. */
const STABLE_MS = 10_000;
/** How long a daemon may be about to come back, and the longest wait between two attempts until then. */
const RESTART_MS = 60_000;
const RESTART_MAX_WAIT_MS = 700;
const DEFAULT_FRAME_BYTES = 16 * 1024 * 1024;
/** What a daemon answers to an upgrade that it refuses; any other status comes from something else. */
const FAILURE_OF_STATUS: Readonly<Record<number, ConnectFailure>> = {
  401: "unauthorized",
  403: "refused",
  429: "refused",
  503: "refused",
};

export interface LinkOptions {
  /** Opens the next socket. Throws SocketRefused. */
  readonly open: (signal: AbortSignal) => Promise<WebSocket>;
  readonly backoff: Backoff;
  readonly heartbeatMs: number;
  /** Told when the line goes up and down. */
  readonly onLine?: ((state: "up" | "down") => void) | undefined;
}

interface Waiter {
  readonly resolve: (peer: Peer) => void;
  readonly reject: (error: unknown) => void;
}

export class Link {
  /** What the daemon takes in one frame, once it has said so. */
  maxFrameBytes = DEFAULT_FRAME_BYTES;
  /** What may be sent again after a broken line, by method and tool, once the daemon has said so. */
  resend: MethodResult<"daemon_info">["resend"] = { daemon_info: "always" };
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #peer: Peer | undefined;
  #failure: ConnectError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Opens the first line and from then on keeps one. Throws ConnectError when the first attempt fails. */
  async start(): Promise<void> {
    let first: Peer;
    try {
      first = this.#adopt(await this.#options.open(this.#closing.signal));
    } catch (error) {
      this.#fail(connectErrorOf(error));
      throw connectErrorOf(error);
    }
    void this.#keep(first);
  }

  /** The peer that stands, or the next one. Rejects with ConnectError when there will be none, or with the signal's reason. */
  peer(signal?: AbortSignal): Promise<Peer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (this.#peer?.isOpen === true) return Promise.resolve(this.#peer);
    return new Promise((resolve, reject) => {
      const abort = (): void => settle(() => reject(signal?.reason as Error));
      const settle = (how: () => void): void => {
        signal?.removeEventListener("abort", abort);
        this.#waiters.delete(waiter);
        how();
      };
      const waiter = {
        resolve: (peer: Peer) => settle(() => resolve(peer)),
        reject: (error: unknown) => settle(() => reject(error)),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  async close(): Promise<void> {
    const peer = this.#peer;
    this.#fail(new ConnectError("closed", "This client was closed"));
    peer?.close("The client is done");
    await peer?.closed;
  }

  #adopt(socket: WebSocket): Peer {
    if (this.#failure !== undefined) {
      socket.terminate();
      throw this.#failure;
    }
    const peer = new Peer(socket, this.#options.heartbeatMs);
    this.#peer = peer;
    // In the same turn as the close, so that nobody is given a peer that is gone.
    socket.once("close", () => {
      if (this.#peer === peer) this.#peer = undefined;
    });
    for (const waiter of this.#waiters) waiter.resolve(peer);
    this.#options.onLine?.("up");
    return peer;
  }

  /** Never rejects. */
  async #keep(first: Peer): Promise<void> {
    let peer = first;
    for (let attempt = 0; ; attempt++) {
      const since = performance.now();
      const closing = await peer.closed;
      this.#options.onLine?.("down");
      if (this.#failure !== undefined) return;
      // A frame too large cost the calls under way; the line itself is as good as before.
      if (!mayRetry(closing.code) && closing.code !== CLOSE_CODES.frame_too_large.code)
        return this.#fail(refusalOf(closing));
      if (performance.now() - since > STABLE_MS) attempt = 0;
      const next = await this.#next(attempt);
      if (next === undefined) return;
      peer = next;
    }
  }

  async #next(from: number): Promise<Peer | undefined> {
    const since = performance.now();
    for (let attempt = from; this.#failure === undefined; attempt++) {
      const { signal } = this.#closing;
      try {
        await delay(backoffMs(attempt, this.#backoffAfter(since)), undefined, { signal });
        return this.#adopt(await this.#options.open(signal));
      } catch (error) {
        if (!(error instanceof SocketRefused && error.retry)) this.#fail(connectErrorOf(error));
      }
    }
    return undefined;
  }

  /** A daemon that restarts is mostly back within seconds, and is found soon; one that stays away is asked ever less often. */
  #backoffAfter(since: number): Backoff {
    const { baseMs, maxMs } = this.#options.backoff;
    const isRecent = performance.now() - since < RESTART_MS;
    return { baseMs, maxMs: isRecent ? Math.min(maxMs, RESTART_MAX_WAIT_MS) : maxMs };
  }

  #fail(error: ConnectError): void {
    this.#failure ??= error;
    this.#peer = undefined;
    this.#closing.abort();
    for (const waiter of this.#waiters) waiter.reject(this.#failure);
  }
}

function refusalOf({ code, text }: Closing): ConnectError {
  const kind = code === CLOSE_CODES.unauthorized.code ? "unauthorized" : "refused";
  return new ConnectError(kind, `The daemon closed the connection for good: ${code} ${text}`);
}

function connectErrorOf(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const status = error instanceof SocketRefused ? error.status : undefined;
  const code =
    status === undefined ? "unreachable" : (FAILURE_OF_STATUS[status] ?? "not_a_harnessd");
  return new ConnectError(code, message, { cause: error });
}
