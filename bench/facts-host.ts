// A host in this process that counts the facts it is sent, every frame parsed.
import { join } from "node:path";
import { Child, temporaryDirectory, type TemporaryDirectory } from "./child.ts";
import { frameOf, RawHost } from "./raw-host.ts";

interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

export class FactsStage implements AsyncDisposable {
  readonly directory: string;
  readonly #url: string;
  readonly #child: Child;
  readonly #temporary: TemporaryDirectory;

  private constructor(child: Child, temporary: TemporaryDirectory) {
    this.#child = child;
    this.#url = child.line;
    this.#temporary = temporary;
    this.directory = temporary.path;
  }

  static async start(): Promise<FactsStage> {
    const temporary = await temporaryDirectory();
    return new FactsStage(
      await Child.node("facts-server.ts", [join(temporary.path, "journal")]),
      temporary,
    );
  }

  /** Has facts appended and waits until each has come here; how many there were in a second. */
  async appendAndDeliver(count: number): Promise<number> {
    using host = await RawHost.connect(this.#url);
    await host.call("events_subscribe", { after: null });
    const started = performance.now();
    const delivered = countFacts(host, count);
    host.socket.send(frameOf("append", { count }));
    await delivered;
    return (count * 1000) / (performance.now() - started);
  }

  async append(count: number): Promise<Cursor> {
    using host = await RawHost.connect(this.#url);
    return await host.call<Cursor>("append", { count });
  }

  /** Facts a second from the journal's first on. */
  async replay({ epoch, seq: count }: Cursor): Promise<number> {
    using host = await RawHost.connect(this.#url);
    const started = performance.now();
    const delivered = countFacts(host, count);
    host.socket.send(frameOf("events_subscribe", { after: { epoch, seq: 0 } }));
    await delivered;
    return (count * 1000) / (performance.now() - started);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    await this.#temporary[Symbol.asyncDispose]();
  }
}

/** Resolves with the `count`th fact. Rejects when one is missing or comes twice. */
function countFacts(host: RawHost, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    let last: number | undefined;
    host.socket.on("message", (frame: Buffer) => {
      const { params } = JSON.parse(frame.toString()) as {
        params?: { events: readonly { seq: number }[] };
      };
      for (const { seq } of params?.events ?? []) {
        if (last !== undefined && seq !== last + 1)
          reject(new Error(`Fact ${seq} came after ${last}`));
        last = seq;
        if (--left === 0) resolve();
      }
    });
  });
}
