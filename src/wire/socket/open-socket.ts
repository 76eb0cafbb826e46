// Opens a WebSocket as a client, and says of a refusal whether trying again can help.
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

const HANDSHAKE_TIMEOUT_MS = 15_000;
/** Longer than this no Retry-After keeps us away. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;
/** HTTP answers to an upgrade that will be the same next time. */
const FATAL_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 410]);

export interface SocketRequest {
  readonly url: string;
  readonly token?: string | undefined;
  readonly maxFrameBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why no socket could be opened. */
export class SocketRefused extends Error {
  override readonly name = "SocketRefused";
  /** The HTTP status of the refusal; undefined when nobody answered in HTTP. */
  readonly status: number | undefined;
  readonly retry: boolean;
  /** From the Retry-After header. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.retry = options.status === undefined || !FATAL_STATUSES.has(options.status);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Resolves with an open socket, paused so that nothing is lost before its reader is there. Throws SocketRefused. */
export async function openSocket({
  url,
  token,
  maxFrameBytes,
  signal,
}: SocketRequest): Promise<WebSocket> {
  signal?.throwIfAborted();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, {
    headers,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  const abandon = (): void => socket.terminate();
  signal?.addEventListener("abort", abandon, { once: true });
  try {
    return await opened(socket, url);
  } finally {
    signal?.removeEventListener("abort", abandon);
  }
}

function opened(socket: WebSocket, url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once("open", () => {
      socket.pause();
      resolve(socket);
    });
    // Trying several addresses of a name fails with an empty message and a code.
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      reject(
        new SocketRefused(
          `Cannot connect to ${url}: ${cause.message || (cause.code ?? "no address answered")}`,
          { cause },
        ),
      );
    });
    socket.once("unexpected-response", (request, response: IncomingMessage) => {
      const status = response.statusCode ?? 0;
      reject(
        new SocketRefused(
          `${url} refused the connection with HTTP ${status}${status === 401 ? ": the token is missing or wrong" : ""}`,
          {
            status,
            retryAfterMs: retryAfterMs(response),
          },
        ),
      );
      request.destroy();
    });
  });
}

function retryAfterMs(response: IncomingMessage): number | undefined {
  const header = response.headers["retry-after"];
  if (header === undefined) return undefined;
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : undefined;
}
