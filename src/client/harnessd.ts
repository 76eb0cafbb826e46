// A daemon as a host drives it: typed calls, runs, events and commands that go on over broken lines.
import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import type { Cursor, Envelope } from "../wire/events.ts";
import type { MethodInput, MethodResult, PROTOCOL_VERSION } from "../wire/methods.ts";
import type { Backoff } from "../wire/socket/backoff.ts";
import { DEFAULT_HEARTBEAT_MS } from "../wire/socket/heartbeat.ts";
import { openSocket } from "../wire/socket/open-socket.ts";
import { callOver } from "./calls.ts";
import type {
  CallArguments,
  CallInput,
  CallName,
  CallOptions,
  CallResult,
  ToolCalls,
} from "./catalogue.ts";
import { CallError, CallTimeoutError, ConnectError } from "./errors.ts";
import { followEvents, type EventsOptions } from "./events.ts";
import { execute, type ExecOptions, type ExecResult } from "./exec.ts";
import { Link } from "./link.ts";
import { RunHandle } from "./run-handle.ts";
import { SocketInbox } from "./socket-inbox.ts";
import { transportOver } from "./stream-socket.ts";
import {
  download,
  overHttp,
  type Transport,
  upload,
  type Address,
  type Download,
  type DownloadOptions,
  type UploadBody,
  type UploadOptions,
} from "./transfer.ts";

const DEFAULT_BACKOFF: Backoff = { baseMs: 100, maxMs: 10_000 };
/** What this client speaks; as a type, since the schemas beside it stay in the daemon. */
const PROTOCOL: typeof PROTOCOL_VERSION = 1;
/** Of a daemon that cannot be reached: only paths matter. */
const NO_ADDRESS: Address = { url: "ws://box", token: undefined };
const BYTES_PER_MB = 1024 * 1024;
const INTRODUCTION_TIMEOUT_MS = 10_000;
/** Frames of a daemon are no larger than its largest answer. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

export interface LineOptions {
  readonly heartbeatMs?: number | undefined;
  readonly backoff?: Backoff | undefined;
  /** Told when the line goes up and down. */
  readonly onLine?: ((state: "up" | "down") => void) | undefined;
}

export interface ConnectOptions extends LineOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Harnessd implements AsyncDisposable {
  /** What the daemon said of itself when the first line went up. */
  readonly info: MethodResult<"daemon_info">;
  /** Every tool as a function: `box.tools.fs_read({ path })`. */
  readonly tools: ToolCalls;
  readonly #link: Link;
  readonly #from: SocketInbox | Address;

  private constructor(link: Link, info: MethodResult<"daemon_info">, from: SocketInbox | Address) {
    this.#link = link;
    this.info = info;
    this.#from = from;
    const get =
      (_target: ToolCalls, name: string | symbol) => (params?: unknown, options?: CallOptions) =>
        callOver(link, String(name), params, options);
    this.tools = new Proxy({} as ToolCalls, { get });
  }

  /** Connects to a daemon that listens. Throws ConnectError, whose `code` says why not. */
  static async connect({ url, token, signal, ...line }: ConnectOptions): Promise<Harnessd> {
    const open = (closing: AbortSignal): Promise<WebSocket> =>
      openSocket({ url, token, maxFrameBytes: MAX_FRAME_BYTES, signal: closing });
    const link = linkOf(open, line);
    return new Harnessd(link, await introduced(link, url, signal), { url, token });
  }

  /** Takes over the socket of a daemon that has dialled out to this host; give its next one, after a broken line, to `adopt`. */
  static async accept(socket: WebSocket, options: LineOptions = {}): Promise<Harnessd> {
    const inbox = new SocketInbox(socket);
    const link = linkOf((closing) => inbox.next(closing), options);
    return new Harnessd(link, await introduced(link, "the socket", undefined), inbox);
  }

  /** Goes on over a new socket from the same daemon. Only for a client made by `accept`. */
  adopt(socket: WebSocket): void {
    if (!(this.#from instanceof SocketInbox))
      throw new TypeError("A client that connects by itself adopts no sockets");
    this.#from.give(socket);
  }

  /** Calls a method or a tool. Throws CallError for the daemon's no, ConnectionLostError when the line broke under what must not be repeated. */
  call<Name extends CallName>(
    name: Name,
    ...[params, options]: CallArguments<Name>
  ): Promise<CallResult<Name>> {
    return callOver(this.#link, name, params, options) as Promise<CallResult<Name>>;
  }

  /** Facts after a cursor and then what comes live, over any number of lines, each fact once. */
  events(options: EventsOptions = {}): AsyncGenerator<Envelope, void> {
    return followEvents(this.#link, options);
  }

  /** Says that all facts up to the cursor are safe here; the rest is kept for this subscriber. */
  async acknowledge(subscriber: string, cursor: Cursor): Promise<void> {
    await this.call("events_ack", { subscriber, cursor });
  }

  /** Starts a run. With no key of its own it gets one, so that a broken line never starts it twice. */
  async run(request: MethodInput<"run_start">): Promise<RunHandle> {
    const { run, replayed } = await this.call("run_start", { key: randomUUID(), ...request });
    return new RunHandle(this, run, replayed);
  }

  /** A run that was started before, by anyone. */
  async attach(runId: string): Promise<RunHandle> {
    const { run } = await this.call("run_get", { runId });
    return new RunHandle(this, run, true);
  }

  /** Runs a command to its end; its output comes whole over broken lines. */
  exec(
    command: CallInput<"shell_start">["command"],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    return execute(this, command, options);
  }

  /** Writes a file (or with `folder`, unpacks a tar into one) of any size, as it streams. */
  upload(
    path: string,
    body: UploadBody,
    options?: UploadOptions,
  ): Promise<Record<string, unknown>> {
    return upload(this.#address, this.#transport, path, body, options);
  }

  /** Reads a file (or with `folder`, one as a tar) of any size, as a stream. */
  download(path: string, options?: DownloadOptions): Promise<Download> {
    return download(this.#address, this.#transport, path, options);
  }

  /** Closes the line for good; runs and processes go on. */
  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #address(): Address {
    return this.#from instanceof SocketInbox ? NO_ADDRESS : this.#from;
  }

  /** Bytes go beside the socket where the daemon can be reached, and within it where it has dialled out. */
  get #transport(): Transport {
    return this.#from instanceof SocketInbox ? transportOver(this) : overHttp;
  }
}

function linkOf(
  open: (closing: AbortSignal) => Promise<WebSocket>,
  { heartbeatMs = DEFAULT_HEARTBEAT_MS, backoff = DEFAULT_BACKOFF, onLine }: LineOptions,
): Link {
  return new Link({ open, backoff, heartbeatMs, onLine });
}

/** Opens the first line and makes sure of what is at its other end. */
async function introduced(
  link: Link,
  where: string,
  signal: AbortSignal | undefined,
): Promise<MethodResult<"daemon_info">> {
  const abandon = (): void => void link.close();
  signal?.addEventListener("abort", abandon, { once: true });
  try {
    await link.start();
    const info = (await callOver(
      link,
      "daemon_info",
      {},
      { timeoutMs: INTRODUCTION_TIMEOUT_MS, signal },
    )) as MethodResult<"daemon_info">;
    const { maxFrameMb } = info.limits ?? {};
    link.resend = info.resend ?? link.resend;
    if (maxFrameMb !== undefined) link.maxFrameBytes = maxFrameMb * BYTES_PER_MB;
    if (info.protocol === PROTOCOL) return info;
    throw new ConnectError(
      "not_a_harnessd",
      `${where} speaks protocol ${info.protocol}, this client ${PROTOCOL}; use versions that match`,
    );
  } catch (error) {
    void link.close();
    signal?.throwIfAborted();
    if (!(error instanceof CallError || error instanceof CallTimeoutError)) throw error;
    if (error instanceof CallError && error.code === "unauthorized")
      throw new ConnectError("unauthorized", error.message, { cause: error });
    throw new ConnectError("not_a_harnessd", `${where} is no harnessd: ${error.message}`, {
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", abandon);
  }
}
