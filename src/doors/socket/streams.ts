// The HTTP side of the daemon over a host's socket: streams of bytes into an HTTP server that listens nowhere.
import { randomBytes } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { CodedError } from "../../../tools/coded-error.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import type { Handlers } from "./method-table.ts";
import type { Line } from "./method.ts";

type StreamHandlers = Pick<Handlers, Extract<keyof Handlers, `stream_${string}`>>;

/** The `stream_*` methods in front of `serve`, which admits whoever comes: a host on the socket has shown its token. */
export function streamHandlers(serve: RequestListener): StreamHandlers {
  const server = createServer(serve);
  server.requestTimeout = 0;
  const held = new WeakMap<Line, Map<string, Duplex>>();
  const find = (line: Line, streamId: string): Duplex => {
    const stream = held.get(line)?.get(streamId);
    if (stream) return stream;
    throw new CodedError("stream_not_found", `This connection has no open stream ${streamId}`);
  };
  return {
    async stream_open(_, { connection }) {
      const mine = held.get(connection) ?? holdFor(connection, held);
      if (mine.size >= WIRE_LIMITS.streams)
        throw new CodedError(
          "overloaded",
          `A connection holds at most ${WIRE_LIMITS.streams} streams; close one first`,
        );
      const streamId = `stream_${randomBytes(8).toString("hex")}`;
      const [near, far] = duplexPair();
      for (const side of [near, far]) side.on("error", () => undefined);
      near.once("close", () => mine.delete(streamId));
      mine.set(streamId, near);
      server.emit("connection", far);
      return { streamId };
    },
    async stream_write({ streamId, data }, { connection }) {
      const bytes = Buffer.from(data, "base64");
      await write(find(connection, streamId), bytes);
      return { bytes: bytes.length };
    },
    async stream_read({ streamId, maxBytes }, { connection, signal }) {
      const stream = find(connection, streamId);
      const bytes = await read(stream, maxBytes, signal);
      return { data: bytes.toString("base64"), ended: bytes.length === 0 };
    },
    async stream_close({ streamId }, { connection }) {
      const stream = held.get(connection)?.get(streamId);
      stream?.destroy();
      return { closed: stream !== undefined };
    },
  };
}

function holdFor(line: Line, held: WeakMap<Line, Map<string, Duplex>>): Map<string, Duplex> {
  const mine = new Map<string, Duplex>();
  held.set(line, mine);
  line.closed.addEventListener("abort", () => {
    for (const stream of mine.values()) stream.destroy();
  });
  return mine;
}

function write(stream: Duplex, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new CodedError("stream_not_found", "The stream is closed"));
    stream.once("close", gone);
    stream.write(bytes, (error) => {
      stream.off("close", gone);
      if (error) gone();
      else resolve();
    });
  });
}

/** Nothing at the end of the stream. */
async function read(stream: Duplex, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const chunk = (stream.read(Math.min(maxBytes, stream.readableLength)) ?? null) as Buffer | null;
    if (chunk !== null && chunk.length > 0) return chunk;
    if (stream.readableEnded || stream.destroyed) return Buffer.alloc(0);
    signal.throwIfAborted();
    await somethingNew(stream, signal);
  }
}

function somethingNew(stream: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const name of ["readable", "end", "close"]) stream.off(name, done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    for (const name of ["readable", "end", "close"]) stream.on(name, done);
    signal.addEventListener("abort", done);
  });
}
