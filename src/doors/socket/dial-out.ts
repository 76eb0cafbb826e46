// The door that dials out: the daemon connects to a host, and is then driven by it as if the host had connected.
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { Log } from "../../log/log.ts";
import { backoffMs, type Backoff } from "../../wire/socket/backoff.ts";
import { closeSocket } from "../../wire/socket/closing.ts";
import { Connection } from "./connection.ts";
import { CLOSE_CODES, mayRetry } from "../../wire/socket/close-codes.ts";
import { DEFAULT_HEARTBEAT_MS, keepAlive } from "../../wire/socket/heartbeat.ts";
import type { MethodTable } from "./method.ts";
import { openSocket, SocketRefused } from "../../wire/socket/open-socket.ts";
import { DEFAULT_MAX_FRAME_BYTES } from "./listen.ts";

const DEFAULT_BACKOFF: Backoff = { baseMs: 1000, maxMs: 60_000 };
/** A connection that held this long was a good one: the next wait begins small again. */
const STABLE_MS = 30_000;

export interface DialOutOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  /** Shown to the host as `Authorization: Bearer …`. */
  readonly token?: string | undefined;
  readonly methods: MethodTable;
  readonly log: Log;
  readonly maxFrameBytes?: number;
  readonly heartbeatMs?: number;
  readonly backoff?: Backoff;
  readonly stableMs?: number;
}

/** Why a door that dialled out does so no more. */
interface DialEnd {
  /** `refused`: the host said no in a way that trying again does not change. */
  readonly reason: "closed" | "refused";
  readonly message: string;
}

export interface OutgoingDoor {
  /** The connection that stands now. */
  readonly connection: Connection | undefined;
  /** Settles when the door was closed or refused for good; never rejects. */
  readonly ended: Promise<DialEnd>;
  close(): Promise<void>;
}

export function dialOut(options: DialOutOptions): OutgoingDoor {
  const dialler = new Dialler(options);
  const ended = dialler.keepConnected();
  return {
    get connection() {
      return dialler.connection;
    },
    ended,
    async close() {
      dialler.stop();
      await ended;
    },
  };
}

interface Attempt {
  /** Set when there is no use in another attempt. */
  readonly refusal?: string;
  readonly wasStable: boolean;
  readonly retryAfterMs?: number | undefined;
}

class Dialler {
  connection: Connection | undefined;
  readonly #options: DialOutOptions;
  readonly #stopped = new AbortController();

  constructor(options: DialOutOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async keepConnected(): Promise<DialEnd> {
    const { signal } = this.#stopped;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { refusal, wasStable, retryAfterMs = 0 } = await this.#attempt();
      if (signal.aborted) break;
      if (refusal !== undefined) {
        this.#options.log.error({ url: this.#options.url }, refusal);
        return { reason: "refused", message: refusal };
      }
      if (wasStable) attempt = 0;
      const waitMs = Math.max(
        retryAfterMs,
        backoffMs(attempt, this.#options.backoff ?? DEFAULT_BACKOFF),
      );
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
    return { reason: "closed", message: "The daemon closed the connection" };
  }

  /** From dialling to the end of the connection. Never rejects. */
  async #attempt(): Promise<Attempt> {
    const { url, token, log, maxFrameBytes = DEFAULT_MAX_FRAME_BYTES } = this.#options;
    try {
      const socket = await openSocket({ url, token, maxFrameBytes, signal: this.#stopped.signal });
      return await this.#serve(socket);
    } catch (error) {
      if (this.#stopped.signal.aborted) return { wasStable: false };
      const message = error instanceof Error ? error.message : String(error);
      log.warn({ url, message }, "The host could not be reached");
      if (error instanceof SocketRefused && error.retry)
        return { wasStable: false, retryAfterMs: error.retryAfterMs };
      return { wasStable: false, refusal: message };
    }
  }

  async #serve(socket: WebSocket): Promise<Attempt> {
    const {
      url,
      log,
      methods,
      heartbeatMs = DEFAULT_HEARTBEAT_MS,
      stableMs = STABLE_MS,
    } = this.#options;
    const openedAt = performance.now();
    const ended = new Promise<{ code: number; text: string }>((resolve) => {
      socket.once("close", (code, reason) => resolve({ code, text: reason.toString("utf8") }));
    });
    const stop = (): void => closeSocket(socket, "going_away", "The daemon is shutting down");
    this.#stopped.signal.addEventListener("abort", stop, { once: true });
    if (this.#stopped.signal.aborted) stop();
    this.connection = new Connection(socket, { methods, log });
    keepAlive(socket, heartbeatMs);
    log.info({ url }, "Connected to the host");
    const { code, text } = await ended;
    this.#stopped.signal.removeEventListener("abort", stop);
    this.connection = undefined;
    log.info({ url, code, text }, "The host's line is down");
    const wasStable = performance.now() - openedAt >= stableMs;
    // One frame too large is a mistake of the host's in one call, and no reason to leave it for good.
    if (mayRetry(code) || code === CLOSE_CODES.frame_too_large.code) return { wasStable };
    return {
      wasStable,
      refusal: `The host at ${url} closed the connection with ${code} ${text}: trying again would not help`,
    };
  }
}
