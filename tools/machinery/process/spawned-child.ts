// A program that the spawner started: real pipes, its exit as the kernel gave it, and its tree.
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { constants as system } from "node:os";
import type { Readable, Writable } from "node:stream";
import { SupervisedTree } from "./supervised-tree.ts";

const SIGNAL_NAMES = new Map(
  Object.entries(system.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);
const KIB = 1024;

/** As the kernel gave it; both null when nobody saw it. */
export interface ProgramExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class SpawnedChild {
  readonly pid: number;
  readonly exited: Promise<ProgramExit>;
  readonly tree: SupervisedTree;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** CPU time of the program and what it waited for, then of its whole tree; undefined before its exit. */
  cpuMs: number | undefined;
  /** Of the largest single process. */
  peakMemoryBytes: number | undefined;
  readonly #exit: (exit: ProgramExit) => void;

  /** `descriptors`: input or 0, output and errors, in the spawner. Throws when one cannot be opened. */
  constructor(
    supervisor: number,
    pid: number,
    spawner: number,
    descriptors: readonly [number, number, number],
  ) {
    this.pid = pid;
    const { promise, resolve } = Promise.withResolvers<ProgramExit>();
    this.exited = promise;
    // What it has printed was in its pipes before its exit: two turns of the event loop, and that has been read.
    this.#exit = (exit) => void setImmediate(() => setImmediate(() => resolve(exit)));
    this.tree = new SupervisedTree(supervisor);
    const [input, output, errors] = openAll(spawner, descriptors);
    this.stdin = input === null ? null : new Socket({ fd: input, readable: false, writable: true });
    this.stdout = new Socket({ fd: output, readable: true, writable: false });
    this.stderr = new Socket({ fd: errors, readable: true, writable: false });
    // A program that ends without reading all its input is its own affair.
    this.stdin?.on("error", () => undefined);
  }

  hasExited([status = 0, cpuMicros = 0, peakKib = 0]: readonly number[]): void {
    this.measured(cpuMicros, peakKib);
    const signal = status & 0x7f;
    if (signal === 0) this.#exit({ exitCode: (status >> 8) & 0xff, signal: null });
    else this.#exit({ exitCode: null, signal: SIGNAL_NAMES.get(signal) ?? null });
  }

  measured(cpuMicros: number, peakKib: number): void {
    this.cpuMs = cpuMicros / 1000;
    this.peakMemoryBytes = peakKib * KIB;
  }

  /** Nobody saw how it ended. */
  lost(): void {
    this.tree.lost();
    this.#exit({ exitCode: null, signal: null });
  }
}

/** The kernel gives another process's pipe to whoever may look into that process: an end of our own, on the same pipe. */
function openAll(
  spawner: number,
  [input, output, errors]: readonly [number, number, number],
): [number | null, number, number] {
  const opened: number[] = [];
  const open = (descriptor: number, flags: number): number => {
    const own = openSync(`/proc/${spawner}/fd/${descriptor}`, flags | constants.O_NONBLOCK);
    opened.push(own);
    return own;
  };
  try {
    return [
      input === 0 ? null : open(input, constants.O_WRONLY),
      open(output, constants.O_RDONLY),
      open(errors, constants.O_RDONLY),
    ];
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    throw error;
  }
}
