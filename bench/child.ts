// Programs that the bench starts: each says one line when it is ready, and is ended with the bench.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

const KIB_PER_MB = 1024;

export class Child implements AsyncDisposable {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly line: string;
  /** From its start to that line. */
  readonly readyMs: number;
  readonly #process: ChildProcessByStdio<null, Readable, null>;
  readonly #exited: Promise<unknown>;

  private constructor(
    process: ChildProcessByStdio<null, Readable, null>,
    exited: Promise<unknown>,
    line: string,
    readyMs: number,
  ) {
    this.#process = process;
    this.#exited = exited;
    this.pid = process.pid ?? 0;
    this.line = line;
    this.readyMs = readyMs;
  }

  /** Throws when the program ends before it says a word. */
  static async start(program: string, args: readonly string[], cwd?: string): Promise<Child> {
    const started = performance.now();
    const process = spawn(program, args, {
      stdio: ["ignore", "pipe", "inherit"],
      ...(cwd !== undefined && { cwd }),
    });
    const exited = once(process, "exit");
    const [first] = (await Promise.race([
      once(process.stdout, "data"),
      exited.then(() => [null]),
    ])) as [Buffer | null];
    if (first === null) throw new Error(`${program} ${args.join(" ")} ended before it was ready`);
    return new Child(process, exited, first.toString().trim(), performance.now() - started);
  }

  /** A program of the bench's own, run by this Node. */
  static node(program: string, args: readonly string[] = []): Promise<Child> {
    return Child.start(process.execPath, [join(import.meta.dirname, program), ...args]);
  }

  /** Resident memory now. */
  residentMb(): number {
    return readMemoryMb(this.pid, "VmRSS");
  }

  /** The most it ever had. */
  peakMb(): number {
    return readMemoryMb(this.pid, "VmHWM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#exited;
  }
}

export function readMemoryMb(pid: number, field: "VmRSS" | "VmHWM"): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  )?.[1];
  return Number(kib) / KIB_PER_MB;
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), "harnessd-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
