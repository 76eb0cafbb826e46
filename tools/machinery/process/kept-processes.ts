// Recorded processes by id: the live ones, and the finished ones for as long as there is room for what they printed.
import { CodedError } from "../../coded-error.ts";
import type { RecordedProcess } from "./recorded-process.ts";

export interface KeepingLimits {
  readonly maxFinished: number;
  /** Of finished processes' output in memory; the oldest goes to files beyond it. */
  readonly maxMemoryBytes: number;
  /** Of finished processes' output in files; the oldest is removed beyond it. */
  readonly maxFileBytes: number;
}

const KEEPING_LIMITS: KeepingLimits = {
  maxFinished: 1_000,
  maxMemoryBytes: 16 * 1024 * 1024,
  maxFileBytes: 16 * 1024 ** 3,
};

export class KeptProcesses {
  readonly #limits: KeepingLimits;
  readonly #byId = new Map<string, RecordedProcess>();
  readonly #finished = new Set<RecordedProcess>();
  /** As of each finish: a quick look whether a sum over all is due. */
  #memoryBytes = 0;
  #fileBytes = 0;

  constructor(limits: KeepingLimits = KEEPING_LIMITS) {
    this.#limits = limits;
  }

  add(process: RecordedProcess): void {
    this.#byId.set(process.id, process);
  }

  get(processId: string): RecordedProcess {
    const process = this.#byId.get(processId);
    if (process) return process;
    const message = `There is no process ${processId}: it was never started here, or it ended so long ago that its output is no longer kept`;
    throw new CodedError("process_not_found", message, { data: { processId } });
  }

  list(): RecordedProcess[] {
    return [...this.#byId.values()];
  }

  /** Call when a process has exited: makes room where the limits ask for it. */
  async finish(process: RecordedProcess): Promise<void> {
    this.#finished.add(process);
    this.#memoryBytes += bytesInMemory(process);
    this.#fileBytes += bytesInFiles(process);
    if (this.#memoryBytes > this.#limits.maxMemoryBytes) await this.#moveToFiles();
    while (
      this.#finished.size > this.#limits.maxFinished ||
      this.#fileBytes > this.#limits.maxFileBytes
    ) {
      const [oldest] = this.#finished;
      if (oldest === undefined) return;
      await this.#forget(oldest);
    }
  }

  async removeAll(): Promise<void> {
    await Promise.all(this.list().map((process) => this.#forget(process)));
  }

  async #moveToFiles(): Promise<void> {
    this.#sum();
    for (const process of this.#finished) {
      if (this.#memoryBytes <= this.#limits.maxMemoryBytes / 2) break;
      this.#memoryBytes -= bytesInMemory(process);
      await Promise.all([process.stdout.spill(), process.stderr.spill()]);
    }
    this.#sum();
  }

  #sum(): void {
    this.#memoryBytes = sumOf(this.#finished, bytesInMemory);
    this.#fileBytes = sumOf(this.#finished, bytesInFiles);
  }

  async #forget(process: RecordedProcess): Promise<void> {
    this.#finished.delete(process);
    this.#byId.delete(process.id);
    this.#memoryBytes -= bytesInMemory(process);
    this.#fileBytes -= bytesInFiles(process);
    await process.remove();
  }
}

function bytesInMemory({ stdout, stderr }: RecordedProcess): number {
  return stdout.bytesInMemory + stderr.bytesInMemory;
}

function bytesInFiles({ stdout, stderr }: RecordedProcess): number {
  return stdout.bytesInFile + stderr.bytesInFile;
}

function sumOf(
  processes: Iterable<RecordedProcess>,
  bytesOf: (process: RecordedProcess) => number,
): number {
  let sum = 0;
  for (const process of processes) sum += bytesOf(process);
  return sum;
}
