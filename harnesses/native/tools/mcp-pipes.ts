// MCP over the pipes of a contained program, so that a server ends with its run whatever it does.
import { ReadBuffer, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { PipedProcess } from "../../../tools/process.ts";

const STOP_GRACE_MS = 500;

/** Loaded lazily, by `mcp-tools.ts`: it brings the MCP SDK with it. */
export class PipeTransport implements Transport {
  readonly #process: PipedProcess;
  readonly #buffer = new ReadBuffer();
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport["onmessage"]>;

  constructor(process: PipedProcess) {
    this.#process = process;
  }

  start(): Promise<void> {
    const { stdin, stdout, stderr, exited } = this.#process;
    stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    stderr.resume(); // a server's log; a full pipe would block it
    for (const stream of [stdin, stdout, stderr])
      stream.on("error", (error: Error) => this.onerror?.(error));
    void exited.then(() => this.onclose?.());
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { stdin } = this.#process;
    if (!stdin.writable) throw new Error("The MCP server has ended");
    await new Promise<void>((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#process.stop(STOP_GRACE_MS);
  }

  #read(chunk: Buffer): void {
    try {
      this.#buffer.append(chunk);
    } catch (error) {
      return this.onerror?.(error as Error);
    }
    for (;;) {
      try {
        const message = this.#buffer.readMessage();
        if (message === null) return;
        this.onmessage?.(message);
      } catch (error) {
        this.onerror?.(error as Error); // one bad line costs that line
      }
    }
  }
}
