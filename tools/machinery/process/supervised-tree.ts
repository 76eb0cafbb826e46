// A program's whole tree as its supervisor knows it: whatever the program starts returns to it, and is ended by it.
export interface TreeEnd {
  /** Processes that were sent a signal. */
  readonly signalled: number;
  /** Processes that ended by SIGKILL once that was asked for. */
  readonly killed: number;
}

export class SupervisedTree {
  readonly supervisor: number;
  /** Settles when the kernel lists nothing below the supervisor any more, or when the supervisor is lost. */
  readonly empty: Promise<void>;
  #end: TreeEnd | undefined;
  #isLost = false;
  readonly #settle: () => void;

  constructor(supervisor: number) {
    this.supervisor = supervisor;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.empty = promise;
    this.#settle = resolve;
  }

  /** Undefined while something of it is left, or when nobody could see its end. */
  get end(): TreeEnd | undefined {
    return this.#end;
  }

  /** True when its supervisor was ended from outside: what became of the tree is not known. */
  get isLost(): boolean {
    return this.#isLost;
  }

  get isOpen(): boolean {
    return this.#end === undefined && !this.#isLost;
  }

  /** SIGTERM to all that have not had it yet. */
  askToEnd(): void {
    this.#order("SIGUSR1");
  }

  /** SIGKILL in rounds until nothing is left. */
  kill(): void {
    this.#order("SIGUSR2");
  }

  ended(end: TreeEnd): void {
    this.#end ??= end;
    this.#settle();
  }

  lost(): void {
    this.#isLost = this.#end === undefined;
    this.#settle();
  }

  #order(signal: NodeJS.Signals): void {
    if (!this.isOpen) return;
    try {
      process.kill(this.supervisor, signal);
    } catch {
      // It has just ended, and its report is on the way.
    }
  }
}
