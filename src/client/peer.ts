// One socket to a daemon: sends calls, matches answers, hands on what the daemon says unasked. Lives as long as its socket.
import type { RawData, WebSocket } from "ws";
import type { Gap } from "../wire/events.ts";
import { CallQueue } from "./call-queue.ts";
import { closeSocket } from "../wire/socket/closing.ts";
import { keepAlive } from "../wire/socket/heartbeat.ts";
import { CallError, ConnectionLostError, FrameTooLargeError } from "./errors.ts";

export interface Closing {
  readonly code: number;
  readonly text: string;
}

/** What a subscription is told, with its size on the wire. */
export type Delivery =
  | { readonly kind: "events"; readonly events: readonly unknown[]; readonly bytes: number }
  | { readonly kind: "gap"; readonly gap: Gap; readonly bytes: number };

export interface PeerCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the daemon takes; a larger call rejects with FrameTooLargeError. */
  readonly maxFrameBytes?: number | undefined;
  /** Sees the result before any message that came after it. */
  readonly onResult?: ((result: unknown) => void) | undefined;
}

interface Pending {
  readonly method: string;
  readonly onResult: ((result: unknown) => void) | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Incoming {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
  readonly method?: unknown;
  readonly params?: {
    readonly subscription: string;
    readonly events?: readonly unknown[];
    readonly gap?: Gap;
  };
}

const PROTOCOL_ERROR = 1002;

export class Peer {
  /** Settles when the socket is closed; never rejects. */
  readonly closed: Promise<Closing>;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #queue = new CallQueue((frame) => this.#socket.send(frame));
  readonly #listeners = new Map<string, (delivery: Delivery | "closed") => void>();
  #lastId = 0;

  /** Takes over an open socket; it may be paused. */
  constructor(socket: WebSocket, heartbeatMs: number) {
    this.#socket = socket;
    socket.on("message", (data: RawData) => this.#receive((data as Buffer).toString("utf8")));
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        const closing = { code, text: reason.toString("utf8") };
        this.#end(closing);
        resolve(closing);
      });
    });
    keepAlive(socket, heartbeatMs);
    socket.resume();
  }

  /** False from the moment that either side begins to close. */
  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Waits its turn while the daemon has as many calls as it takes. Rejects with CallError, the signal's reason, or ConnectionLostError. */
  call(
    method: string,
    params: unknown,
    { signal, maxFrameBytes = Infinity, onResult }: PeerCallOptions = {},
  ): Promise<unknown> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    if (!this.isOpen)
      return Promise.reject(new ConnectionLostError(method, "it was closing", { wasSent: false }));
    const id = ++this.#lastId;
    const frame = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    const bytes = Buffer.byteLength(frame);
    if (bytes > maxFrameBytes)
      return Promise.reject(new FrameTooLargeError(method, bytes, maxFrameBytes));
    const answered = new Promise((resolve, reject) => {
      this.#pending.set(id, { method, onResult, resolve, reject });
      this.#queue.add(id, frame);
    });
    return signal === undefined ? answered : this.#guarded(id, answered, signal);
  }

  /** From now on, what comes for this subscription goes to `listener`. */
  listen(subscription: string, listener: (delivery: Delivery | "closed") => void): void {
    this.#listeners.set(subscription, listener);
  }

  /** Ends a subscription; what still comes for it is dropped. */
  unlisten(subscription: string): void {
    if (!this.#listeners.delete(subscription) || !this.isOpen) return;
    // Nobody waits for the answer: when the line breaks, the subscription is gone as well.
    this.call("events_unsubscribe", { subscription }).catch(() => undefined);
  }

  close(text: string): void {
    closeSocket(this.#socket, "going_away", text);
  }

  async #guarded(id: number, answered: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const abort = (): void => this.#giveUp(id, signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await answered;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #giveUp(id: number, reason: unknown): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (!this.#queue.withdraw(id) && this.isOpen) {
      this.#socket.send(
        JSON.stringify({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } }),
      );
    }
    pending?.reject(reason);
  }

  #receive(text: string): void {
    const message = read(text);
    // Whoever speaks so is no daemon, or a broken one: nothing that it says can be relied on.
    if (message === undefined) return this.#socket.close(PROTOCOL_ERROR, "Not a JSON-RPC message");
    if (typeof message.id === "number") return this.#settle(message.id, message);
    const { subscription, events, gap } = message.params ?? { subscription: "" };
    const listener = this.#listeners.get(subscription);
    if (message.method === "events" && events !== undefined)
      listener?.({ kind: "events", events, bytes: text.length });
    else if (message.method === "events_gap" && gap !== undefined)
      listener?.({ kind: "gap", gap, bytes: text.length });
  }

  #settle(id: number, { result, error }: Incoming): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    this.#queue.answered(id);
    if (error !== undefined) {
      pending?.reject(new CallError(error.code, error.message, error.data ?? {}));
      return;
    }
    pending?.onResult?.(result);
    pending?.resolve(result);
  }

  #end({ code, text }: Closing): void {
    const why = text === "" ? `close code ${code}` : `close code ${code}: ${text}`;
    for (const [id, { method, reject }] of this.#pending)
      reject(new ConnectionLostError(method, why, { wasSent: this.#queue.wasSent(id) }));
    this.#pending.clear();
    for (const listener of this.#listeners.values()) listener("closed");
    this.#listeners.clear();
  }
}

function read(text: string): Incoming | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
