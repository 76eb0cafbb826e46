// The light clock behind metering: looks at all processes now and then, only while some of ours live.
import { type ProcessStat, scanProcesses } from "./proc-scan.ts";

/** Soon after a start, so that short processes are seen too; then ever more rarely. */
const FIRST_SAMPLE_MS = 25;
const MAX_SAMPLE_MS = 1_000;
/** A sample may take a hundredth of the time, however many processes the box has. */
const SAMPLE_SHARE = 100;

export class Sampler {
  readonly #sample: (stats: readonly ProcessStat[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #notBefore = 0;
  #delayMs = FIRST_SAMPLE_MS;
  #stopped = false;

  constructor(sample: (stats: readonly ProcessStat[]) => void) {
    this.#sample = sample;
  }

  /** Call when something has started; the samples go on until `rest`. */
  wake(): void {
    this.#delayMs = FIRST_SAMPLE_MS;
    this.#schedule();
  }

  /** Call when there is nothing left to sample. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.rest();
  }

  #schedule(): void {
    const dueAt = Math.max(performance.now() + this.#delayMs, this.#notBefore);
    if (this.#stopped || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#run(), dueAt - performance.now()).unref();
  }

  async #run(): Promise<void> {
    const startedAt = performance.now();
    const stats = [...(await scanProcesses()).values()];
    this.#notBefore = performance.now() + (performance.now() - startedAt) * SAMPLE_SHARE;
    if (this.#dueAt === Number.POSITIVE_INFINITY) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_SAMPLE_MS);
    this.#schedule();
    this.#sample(stats);
  }
}
