// A TCP line between a host and a daemon that can be broken at any byte.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export class FlakyLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Leads to a `ws://` URL. */
  static async to(url: string): Promise<FlakyLine> {
    const { hostname, port } = new URL(url);
    const server = createServer();
    const line = new FlakyLine(server);
    server.on("connection", (near) =>
      line.#join(near, connect({ host: hostname, port: Number(port), noDelay: true })),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => line.close());
    return line;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many lines stand; each counts twice. */
  get ends(): number {
    return this.#sockets.size;
  }

  /** Cuts what stands, with a FIN or with a RST; new lines may be opened at once. */
  break(how: "end" | "reset"): void {
    for (const socket of this.#sockets) {
      if (how === "reset") socket.resetAndDestroy();
      else socket.destroySoon();
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, far: Socket): void {
    near.setNoDelay(true);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.once("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
