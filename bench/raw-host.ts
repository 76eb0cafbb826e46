// A host with nothing around the socket: one JSON-RPC call at a time, so that what is measured is the daemon.
import { once } from "node:events";
import { WebSocket } from "ws";

export class RawHost implements Disposable {
  readonly socket: WebSocket;
  #answered: ((frame: Buffer) => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (frame: Buffer) => this.#answered?.(frame));
  }

  static async connect(url: string): Promise<RawHost> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 });
    await once(socket, "open");
    return new RawHost(socket);
  }

  /** Sends a frame and waits for the next that comes. */
  exchange(frame: string): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.socket.send(frame);
    });
  }

  /** Throws what the daemon answered when that was an error. */
  async call<Result>(method: string, params: unknown): Promise<Result> {
    const answer = JSON.parse((await this.exchange(frameOf(method, params))).toString()) as {
      result?: Result;
      error?: { message: string };
    };
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result as Result;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

export function frameOf(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
}
