// The door that listens: one port for WebSockets that speak JSON-RPC and for HTTP beside them.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { CodedError } from "../../../tools/coded-error.ts";
import { RefusedAttempts } from "../refused-attempts.ts";
import { refuseUpgrade, serveHttp, urlOf } from "../http/server.ts";
import type { Route } from "../http/route.ts";
import type { Log } from "../../log/log.ts";
import { WEBSOCKET_PATHS, WIRE_LIMITS } from "../../wire/limits.ts";
import { closeSocket } from "../../wire/socket/closing.ts";
import { Connection } from "./connection.ts";
import { DEFAULT_HEARTBEAT_MS, keepAlive } from "../../wire/socket/heartbeat.ts";
import type { MethodTable } from "./method.ts";
import { isLoopback, refusalOf } from "./credentials.ts";
import { authMethod, awaitFirstFrame } from "./first-frame.ts";

export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;
const DEFAULT_MAX_CONNECTIONS = 128;
const MAX_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5000;
/** How long requests under way may go on once the door closes. */
const HTTP_GRACE_MS = 2000;

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Absent: loopback addresses only. */
  readonly token?: string | undefined;
  readonly allowedOrigins?: readonly string[];
  readonly methods: MethodTable;
  readonly routes: readonly Route[];
  readonly log: Log;
  readonly maxConnections?: number;
  readonly maxFrameBytes?: number;
  readonly heartbeatMs?: number;
  readonly authDeadlineMs?: number;
}

/** The daemon cannot listen as it was told; the message says what to change. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface ListeningDoor {
  readonly host: string;
  readonly port: number;
  /** `ws://…`, with the port that was picked. */
  readonly url: string;
  readonly connections: ReadonlySet<Connection>;
  /** Tells every host that the daemon goes away (1001), and stops listening. */
  close(): Promise<void>;
}

/** Throws ListenError for an address that needs a token or cannot be had. */
export async function listen(options: ListenOptions): Promise<ListeningDoor> {
  const { host, port, token } = options;
  if (token === undefined && !isLoopback(host)) {
    throw new ListenError(
      `Listening on ${host} needs a token, since others can reach it; give --token, or listen on 127.0.0.1`,
    );
  }
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  // An upload may take as long as it does; the headers have their own deadline.
  server.requestTimeout = 0;
  const refused = new RefusedAttempts(options.log);
  const sockets = new SocketDoor(options, refused);
  server.on(
    "request",
    serveHttp({
      routes: options.routes,
      refuse: (request) => {
        const refusal = refusalOf(request, options);
        return refusal && refused.record(request, refusal);
      },
      log: options.log,
    }),
  );
  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) =>
    sockets.upgrade(request, stream, head),
  );
  await started(server, host, port);
  const bound = server.address() as AddressInfo;
  const shown = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return {
    host,
    port: bound.port,
    url: `ws://${shown}:${bound.port}`,
    connections: sockets.connections,
    close: () => closed(server, sockets),
  };
}

/** Upgrades requests to sockets, and counts them. */
class SocketDoor {
  readonly connections = new Set<Connection>();
  readonly #options: ListenOptions;
  readonly #refused: RefusedAttempts;
  readonly #methods: MethodTable;
  readonly #server: WebSocketServer;
  #unauthenticated = 0;

  constructor(options: ListenOptions, refused: RefusedAttempts) {
    this.#options = options;
    this.#refused = refused;
    this.#methods = new Map([...options.methods, ["auth", authMethod(options.token)]]);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on("error", () => stream.destroy());
    const path = urlOf(request)?.pathname ?? "";
    if (!WEBSOCKET_PATHS.includes(path))
      return refuseUpgrade(
        stream,
        new CodedError("not_found", `WebSockets are served at / and /ws, not at ${path}`),
      );
    const refused = refusalOf(request, this.#options);
    const saysTokenLater =
      refused?.code === "unauthorized" && request.headers.authorization === undefined;
    // A browser sees no HTTP status of a failed upgrade, but it does see a close code.
    const seesCloseCode = refused?.code === "origin_refused";
    const answered =
      refused === undefined || saysTokenLater ? refused : this.#refused.record(request, refused);
    if (answered !== undefined && !saysTokenLater && !seesCloseCode)
      return refuseUpgrade(stream, answered);
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      socket.on("error", () => {});
      if (seesCloseCode) return closeSocket(socket, "origin_refused", refused.message);
      if (!saysTokenLater) return this.#admit(socket);
      this.#awaitToken(socket, request);
    });
  }

  closeAll(): void {
    for (const socket of this.#server.clients)
      closeSocket(socket, "going_away", "The daemon is shutting down");
  }

  #awaitToken(socket: WebSocket, request: IncomingMessage): void {
    if (this.#unauthenticated >= WIRE_LIMITS.unauthenticatedSockets)
      return closeSocket(socket, "too_many_connections", "Too many sockets wait to authenticate");
    this.#unauthenticated++;
    const release = (): void => {
      socket.off("close", release);
      this.#unauthenticated--;
    };
    socket.once("close", release);
    awaitFirstFrame(socket, {
      token: this.#options.token ?? "",
      deadlineMs: this.#options.authDeadlineMs ?? WIRE_LIMITS.authDeadlineMs,
      onRefused: (refusal) => void this.#refused.record(request, refusal),
      onAdmitted: () => {
        release();
        this.#admit(socket);
      },
    });
  }

  #admit(socket: WebSocket): void {
    const {
      maxConnections = DEFAULT_MAX_CONNECTIONS,
      heartbeatMs = DEFAULT_HEARTBEAT_MS,
      log,
    } = this.#options;
    if (this.connections.size >= maxConnections) {
      return closeSocket(
        socket,
        "too_many_connections",
        `The daemon serves at most ${maxConnections} hosts at once`,
      );
    }
    const connection = new Connection(socket, { methods: this.#methods, log });
    this.connections.add(connection);
    socket.once("close", () => this.connections.delete(connection));
    keepAlive(socket, heartbeatMs);
  }
}

function started(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on("error", (cause) =>
      reject(new ListenError(`Cannot listen on ${host} port ${port}: ${cause.message}`, { cause })),
    );
    server.listen({ host, port }, resolve);
  });
}

async function closed(server: Server, sockets: SocketDoor): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  sockets.closeAll();
  const cut = setTimeout(() => server.closeAllConnections(), HTTP_GRACE_MS);
  await ended;
  clearTimeout(cut);
}
