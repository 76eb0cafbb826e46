// The daemon's side of the spawner, a small program that forks for it: a fork costs what the forking process holds in memory.
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { SpawnedChild } from "./spawned-child.ts";
import {
  decodeReport,
  encodeStart,
  encodeTaken,
  type Report,
  REPORT_BYTES,
  type StartOrder,
} from "./spawner-wire.ts";

/** What kept a program from starting: `errno` as in errno.h, and where it happened. */
export class SpawnFailure extends Error {
  readonly errno: number;
  readonly stage: "directory" | "program" | "spawner";

  constructor(errno: number, stage: SpawnFailure["stage"]) {
    super(`error ${errno} of the ${stage}`);
    this.errno = errno;
    this.stage = stage;
  }
}

const STAGES = ["spawner", "directory", "program", "spawner"] as const;
const EIO = 5;

interface Starting {
  readonly resolve: (child: SpawnedChild) => void;
  readonly reject: (error: SpawnFailure) => void;
}

export class Spawner {
  readonly #process: ChildProcess;
  readonly #orders: Socket;
  readonly #starting = new Map<number, Starting>();
  readonly #children = new Map<number, SpawnedChild>();
  #unread: Buffer = Buffer.alloc(0);
  #lastId = 0;
  #isAlive = true;

  /** It has no environment, so that nothing that it forks starts with one. */
  constructor(program: string) {
    this.#process = spawn(program, [], {
      cwd: "/",
      env: {},
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#orders = this.#process.stdin as Socket;
    this.#orders.on("error", () => this.#end());
    this.#process.once("error", () => this.#end());
    this.#process.once("exit", () => this.#end());
    const reports = this.#process.stdout as Socket;
    reports.on("data", (bytes: Buffer) => this.#read(bytes));
    reports.on("error", () => this.#end());
    this.#holdOrRelease();
  }

  get isAlive(): boolean {
    return this.#isAlive && this.#process.pid !== undefined;
  }

  /** Rejects with SpawnFailure. */
  start(order: StartOrder): Promise<SpawnedChild> {
    const id = (this.#lastId = (this.#lastId + 1) >>> 0);
    const { promise, resolve, reject } = Promise.withResolvers<SpawnedChild>();
    if (!this.isAlive) return Promise.reject(new SpawnFailure(EIO, "spawner"));
    this.#starting.set(id, { resolve, reject });
    this.#orders.write(encodeStart(id, order));
    this.#holdOrRelease();
    return promise;
  }

  /** Ends it, and with it whatever it has started. */
  close(): void {
    this.#orders.end();
  }

  #read(bytes: Buffer): void {
    const all = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    let at = 0;
    for (; at + REPORT_BYTES <= all.length; at += REPORT_BYTES)
      this.#take(decodeReport(all.subarray(at, at + REPORT_BYTES)));
    this.#unread = all.subarray(at);
    this.#holdOrRelease();
  }

  #take({ id, kind, values }: Report): void {
    if (kind === "started" || kind === "failed") return this.#answered(id, kind, values);
    const child = this.#children.get(id);
    if (kind === "exited") return child?.hasExited(values);
    this.#children.delete(id);
    if (kind === "lost") {
      this.#starting.get(id)?.reject(new SpawnFailure(EIO, "spawner"));
      this.#starting.delete(id);
      return child?.lost();
    }
    const [signalled = 0, killed = 0, cpuMicros = 0, peakKib = 0] = values;
    child?.measured(cpuMicros, peakKib);
    child?.tree.ended({ signalled, killed });
  }

  #answered(id: number, kind: "started" | "failed", values: readonly number[]): void {
    const [first = 0, second = 0, input = 0, output = 0, errors = 0] = values;
    const starting = this.#starting.get(id);
    this.#starting.delete(id);
    try {
      if (kind === "failed")
        return starting?.reject(new SpawnFailure(first, STAGES[second] ?? "spawner"));
      const child = new SpawnedChild(first, second, this.#process.pid ?? 0, [
        input,
        output,
        errors,
      ]);
      this.#children.set(id, child);
      starting?.resolve(child);
    } catch {
      process.kill(first, "SIGUSR2"); // a program whose pipes cannot be had is of no use
      starting?.reject(new SpawnFailure(EIO, "spawner"));
    } finally {
      this.#orders.write(encodeTaken(id, [input, output, errors]));
    }
  }

  /** Its end takes what it started along; nobody has seen how. */
  #end(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const { reject } of this.#starting.values()) reject(new SpawnFailure(EIO, "spawner"));
    for (const child of this.#children.values()) child.lost();
    this.#starting.clear();
    this.#children.clear();
  }

  /** Only what is under way keeps the daemon's own process from ending. */
  #holdOrRelease(): void {
    const isBusy = this.#starting.size > 0 || this.#children.size > 0;
    for (const handle of [this.#process, this.#orders, this.#process.stdout as Socket])
      if (isBusy) handle.ref();
      else handle.unref();
  }
}
