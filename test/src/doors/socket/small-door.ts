// A door on loopback with a small table of methods, and a bare socket to speak to it.
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket, type ClientOptions } from "ws";
import { z } from "zod";
import {
  listen,
  type ListenOptions,
  type ListeningDoor,
} from "../../../../src/doors/socket/listen.ts";
import { createLog } from "../../../../src/log/log.ts";
import { CodedError } from "../../../../tools/coded-error.ts";
import type { Method, MethodTable } from "../../../../src/doors/socket/method.ts";
import { resendable } from "../../../../src/doors/socket/resendable.ts";
import { tools } from "../../../../tools/index.ts";
import { Secrets } from "../../../../src/log/secrets.ts";

export const silentLog = createLog("silent", new Secrets());

export function method<Params extends z.ZodType>(
  params: Params,
  handle: Method<Params>["handle"],
  outlivesConnection = false,
): Method<Params> {
  return { params, handle, outlivesConnection };
}

const anything = z.unknown();

/** What the tests call: an answer, every way to fail, and one that waits for its signal. */
export function smallTable(): Map<string, Method> {
  return new Map<string, Method>([
    ["echo", method(anything, async (params) => params)],
    [
      "add",
      method(z.strictObject({ left: z.number(), right: z.number() }), async ({ left, right }) => ({
        sum: left + right,
      })),
    ],
    [
      "daemon_info",
      method(anything, async () => ({ version: "0.0.0", protocol: 1, resend: resendable(tools) })),
    ],
    [
      "refuse",
      method(anything, async () =>
        Promise.reject(new CodedError("key_conflict", "No", { data: { by: "b" } })),
      ),
    ],
    [
      "refuse_tool",
      method(anything, async () =>
        Promise.reject(new CodedError("not_found", "There is no x", { data: { path: "x" } })),
      ),
    ],
    ["fail", method(anything, async () => Promise.reject(new Error("secret detail")))],
    ["endless", method(anything, async () => endlessly())],
    ["wait", method(anything, async (_params, { signal }) => aborted(signal))],
    [
      "large",
      method(z.object({ characters: z.number() }), async ({ characters }) =>
        "x".repeat(characters),
      ),
    ],
  ]);
}

function endlessly(): unknown {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  return circle;
}

export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

export async function openDoor(
  options: Partial<ListenOptions> & { methods?: MethodTable } = {},
): Promise<ListeningDoor> {
  const door = await listen({
    host: "127.0.0.1",
    port: 0,
    methods: smallTable(),
    routes: [],
    log: silentLog,
    ...options,
  });
  onTestFinished(() => door.close());
  return door;
}

/** Whatever the daemon says; only what a message has is there. */
export interface Heard {
  readonly id: unknown;
  readonly result: Record<string, unknown>;
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly data: Record<string, unknown>;
  };
  readonly params: { readonly events: { readonly seq: number; readonly message: string }[] };
}

/** A socket that keeps what it hears, in order. */
export class Bare {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #heard: Heard[] = [];
  #wake: () => void = () => {};

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on("error", () => {});
    this.socket.on("message", (data: Buffer) => {
      this.#heard.push(JSON.parse(data.toString("utf8")) as Heard);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", (code, reason) =>
        resolve({ code, reason: reason.toString("utf8") }),
      );
    });
    onTestFinished(() => this.socket.terminate());
  }

  static async open(url: string, options?: ClientOptions): Promise<Bare> {
    const bare = new Bare(url, options);
    await once(bare.socket, "open");
    return bare;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async next(): Promise<Heard> {
    while (this.#heard.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#heard.shift() as Heard;
  }

  async call(method: string, params?: unknown, id: unknown = "one"): Promise<Heard> {
    this.send({ jsonrpc: "2.0", id, method, params });
    return this.next();
  }
}
