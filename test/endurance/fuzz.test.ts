// Ten thousand frames of garbage: each is answered as it deserves, costs nothing else, and the daemon serves on.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { RPC_NUMBERS } from "../../src/wire/error-kinds.ts";
import { DaemonProcess, makeBox } from "./daemon-process.ts";
import { type Frame, Garbage } from "./garbage.ts";
import { RawHost } from "./raw-host.ts";
import { Chance } from "./seeded.ts";

const FRAMES = 10_000;
const SOCKETS = 8;
const MIB = 1024 * 1024;
const MOST_GROWTH = 160 * MIB;
const ANSWER_WITHIN_MS = 20_000;
const KNOWN_CODES = new Set<number>(Object.values(RPC_NUMBERS));

interface Answer {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Sends one frame at a time and gives what came back for it. */
class Fuzzer {
  readonly #socket: WebSocket;
  readonly #came: (Answer | readonly Answer[])[] = [];
  #wake = (): void => undefined;
  #pings = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString("utf8")) as Answer;
      if (!Array.isArray(message) && !("id" in message)) return; // an event of an accidental subscription
      this.#came.push(message);
      this.#wake();
    });
  }

  static async connect(url: string): Promise<Fuzzer> {
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new Fuzzer(socket);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async answersTo({ data, wants }: Frame): Promise<readonly Answer[]> {
    this.#socket.send(data);
    if (typeof wants === "object")
      return [(await this.#take((each) => isAnswer(each) && each.id === wants.id)) as Answer];
    if (wants === "list") return (await this.#take(Array.isArray)) as readonly Answer[];
    if (wants === "error")
      return [(await this.#take((each) => isAnswer(each) && each.id === null)) as Answer];
    const id = `ping-${++this.#pings}`;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "daemon_info" }));
    await this.#take((each) => isAnswer(each) && each.id === id);
    return [];
  }

  /** All that has come and that nobody asked for. */
  get unasked(): readonly unknown[] {
    return this.#came;
  }

  async #take(
    isWanted: (came: Answer | readonly Answer[]) => boolean,
  ): Promise<Answer | readonly Answer[]> {
    const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS);
    deadline.addEventListener("abort", () => this.#wake());
    for (;;) {
      const index = this.#came.findIndex(isWanted);
      if (index >= 0) return this.#came.splice(index, 1)[0]!;
      if (deadline.aborted || !this.isOpen)
        throw new Error(this.isOpen ? "No answer came" : "The socket was closed");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function isAnswer(came: Answer | readonly Answer[]): came is Answer {
  return !Array.isArray(came);
}

test("10,000 frames of garbage are each answered with an error that is not a bug, or rightly done, and the daemon serves on", async () => {
  const chance = new Chance("fuzz");
  const garbage = new Garbage(chance);
  const box = makeBox();
  const daemon = new DaemonProcess(box, { flags: ["--allow-path", box.workspace] });
  const url = await daemon.url;
  const fuzzers = await Promise.all(Array.from({ length: SOCKETS }, () => Fuzzer.connect(url)));
  const frames = Array.from({ length: FRAMES }, () => garbage.frame());
  const before = daemon.memory();
  const startedAt = performance.now();
  const codes = new Map<number | "result", number>();
  const bugs: unknown[] = [];
  let next = 0;
  const work = async (fuzzer: Fuzzer): Promise<void> => {
    for (let frame = frames[next++]; frame !== undefined; frame = frames[next++]) {
      const shown = frame.data.toString().slice(0, 300);
      const answers = await fuzzer.answersTo(frame).catch((error: unknown) => {
        throw new Error(`${String(error)}, to ${shown}`);
      });
      for (const { result, error } of answers) {
        const code = error?.code ?? "result";
        codes.set(code, (codes.get(code) ?? 0) + 1);
        const isFine =
          error === undefined
            ? result !== undefined && frame.wants !== "error"
            : KNOWN_CODES.has(error.code) && error.message !== "";
        if (!isFine || code === RPC_NUMBERS.internal_error) bugs.push({ error, shown });
      }
    }
  };
  await Promise.all(fuzzers.map(work));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const growth = daemon.memory().peak - before.now;
  console.log(
    `${FRAMES} frames in ${seconds} s: ${JSON.stringify(Object.fromEntries(codes))}; the daemon grew by ${(growth / MIB).toFixed(1)} MiB`,
  );
  expect({ bugs: bugs.slice(0, 10), log: daemon.errors.slice(0, 10) }).toEqual({
    bugs: [],
    log: [],
  });
  expect(fuzzers.map(({ isOpen, unasked }) => [isOpen, unasked])).toEqual(
    fuzzers.map(() => [true, []]),
  );
  expect(daemon.errors).toEqual([]);
  const host = await RawHost.connect(url);
  expect(await host.ask("daemon_info")).toMatchObject({ protocol: 1 });
  expect(readdirSync(box.base).toSorted()).toEqual(["state", "workspace"]);
  expect(growth).toBeLessThan(MOST_GROWTH);
  expect([(await daemon.stop()).code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
});
