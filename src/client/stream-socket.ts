// A stream of bytes to the daemon's HTTP side over its socket, for Node's own HTTP client.
import { request } from "node:http";
import { Duplex, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { pipeline } from "node:stream/promises";
import type { Caller } from "./catalogue.ts";
import type { Transport } from "./transfer.ts";

/** Far below the largest frame, as base64 too. */
const PIECE_BYTES = 256 * 1024;

class StreamSocket extends Duplex {
  readonly #box: Caller;
  readonly #streamId: string;

  constructor(box: Caller, streamId: string) {
    super({ readableHighWaterMark: PIECE_BYTES, writableHighWaterMark: PIECE_BYTES });
    this.#box = box;
    this.#streamId = streamId;
  }

  override _read(): void {
    const params = { streamId: this.#streamId, maxBytes: PIECE_BYTES };
    this.#box.call("stream_read", params).then(
      ({ data, ended }) => this.push(ended ? null : Buffer.from(data, "base64")),
      (error: unknown) => this.destroy(error as Error),
    );
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    void settle(this.#writeAll(chunk), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#close();
    done(error);
  }

  /** Where the line is gone, the stream is too. */
  async #close(): Promise<void> {
    await this.#box.call("stream_close", { streamId: this.#streamId }).catch(() => undefined);
  }

  async #writeAll(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const data = chunk.subarray(at, at + PIECE_BYTES).toString("base64");
      await this.#box.call("stream_write", { streamId: this.#streamId, data });
    }
  }
}

async function settle(work: Promise<void>, done: (error?: Error | null) => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    return done(error as Error);
  }
  done();
}

/** Requests over streams of the socket, in bounded memory. */
export function transportOver(box: Caller): Transport {
  return async (url, { method = "GET", headers, body, signal }) => {
    const { streamId } = await box.call("stream_open", {});
    const socket = new StreamSocket(box, streamId);
    const asked = request({
      method,
      path: `${url.pathname}${url.search}`,
      headers: { ...Object.fromEntries(headers), host: "box", connection: "close" },
      createConnection: () => socket,
      ...(signal && { signal }),
    });
    const answered = new Promise<Response>((resolve, reject) => {
      asked.once("error", reject);
      asked.once("response", (response) => {
        const { statusCode: status = 500, headersDistinct } = response;
        const given = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        );
        const bytes = Readable.toWeb(response) as ReadableStream<Uint8Array>;
        resolve(
          new Response(bytes as ConstructorParameters<typeof Response>[0], {
            status,
            headers: given,
          }),
        );
      });
    });
    if (body === undefined) asked.end();
    // The answer may come, and the stream end, before all was sent.
    else pipeline(piecesOf(body), asked).catch((error: unknown) => asked.destroy(error as Error));
    return await answered;
  };
}

function piecesOf(body: NonNullable<Parameters<Transport>[1]["body"]>): Readable {
  return typeof body === "string" || body instanceof Uint8Array
    ? Readable.from([Buffer.from(body as Uint8Array)])
    : Readable.from(body);
}
