// What processes cost: from their control group where they have one, else sampled from /proc and read off as they exit.
import type { Cgroup } from "./cgroup.ts";
import {
  MS_PER_TICK,
  type ProcessStat,
  readMemory,
  readScheduledMs,
  readStat,
} from "./proc-scan.ts";
import type { ResourceUse } from "../../process.ts";

/** The costs of one tree. */
export class Meter {
  readonly pid: number;
  #cgroup: Cgroup | undefined;
  #msBeforeCgroup = 0;
  #sampledMs: number | undefined;
  #exitMs: (() => number | undefined) | undefined;
  #exitPeakBytes: (() => number | undefined) | undefined;
  #peakBytes: number | undefined;
  #closed: ResourceUse | undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  /** Call once the process is in its control group: what it used before does not count there. */
  enterCgroup(cgroup: Cgroup): void {
    this.#cgroup = cgroup;
    this.#msBeforeCgroup = Math.max(0, (readScheduledMs(this.pid) ?? 0) - (cgroup.cpuMs() ?? 0));
  }

  /** Answers the tree's present memory, for sums over many trees. */
  sample(stats: Iterable<ProcessStat>): number {
    const tree = [...stats].filter(
      ({ pid, group, session }) => pid === this.pid || group === this.pid || session === this.pid,
    );
    const ticks = tree.reduce((sum, { cpuTicks }) => sum + cpuTicks, 0);
    this.#sampledMs = Math.max(this.#sampledMs ?? 0, ticks * MS_PER_TICK);
    let presentBytes = 0;
    for (const { pid } of tree) {
      const memory = readMemory(pid);
      presentBytes += memory?.presentBytes ?? 0;
      this.#raisePeak(memory?.peakBytes ?? 0);
    }
    this.#raisePeak(presentBytes);
    return presentBytes;
  }

  /** What the direct child and all it waited for used, and its largest process took, where that can be told apart from others. */
  exited(ms: () => number | undefined, peakBytes: () => number | undefined): void {
    this.#exitMs = ms;
    this.#exitPeakBytes = peakBytes;
  }

  /** Takes the last reading; call before the control group is removed. */
  close(): void {
    this.#closed ??= this.use();
  }

  use(): ResourceUse {
    return (
      this.#closed ?? {
        cpuMs: this.#cpuMs() ?? null,
        peakMemoryBytes: this.#peakMemoryBytes() ?? null,
      }
    );
  }

  /** Each source misses something (children nobody waited for, the time between samples) and none counts too much: the most is nearest. */
  #cpuMs(): number | undefined {
    const inCgroup = this.#cgroup?.cpuMs();
    const known =
      inCgroup === undefined
        ? [this.#sampledMs, this.#exitMs?.()]
        : [inCgroup + this.#msBeforeCgroup, this.#sampledMs, this.#exitMs?.()];
    return maximum(known);
  }

  #peakMemoryBytes(): number | undefined {
    return maximum([this.#cgroup?.peakMemoryBytes(), this.#peakBytes, this.#exitPeakBytes?.()]);
  }

  #raisePeak(bytes: number): void {
    if (bytes > 0) this.#peakBytes = Math.max(this.#peakBytes ?? 0, bytes);
  }
}

/** What this daemon's own children used, as the kernel adds it up when each is waited for. */
export class ChildClock {
  #lastTicks: number | undefined;
  #turn: { ms: number; exits: number } | undefined;

  /** Call when a child starts, so that what was waited for until then is not charged to it. */
  skip(): void {
    if (this.#turn === undefined) this.#takeMs();
  }

  /** Call as a child's exit is seen. The answer is undefined when several exited in one turn: their times cannot be told apart. */
  take(): () => number | undefined {
    if (this.#turn === undefined) setImmediate(() => (this.#turn = undefined));
    const turn = (this.#turn ??= { ms: 0, exits: 0 });
    turn.ms += this.#takeMs() ?? Number.NaN;
    turn.exits++;
    return () => (turn.exits === 1 && !Number.isNaN(turn.ms) ? turn.ms : undefined);
  }

  #takeMs(): number | undefined {
    const ticks = readStat(process.pid)?.childCpuTicks;
    const before = this.#lastTicks;
    this.#lastTicks = ticks;
    return ticks === undefined || before === undefined ? undefined : (ticks - before) * MS_PER_TICK;
  }
}

function maximum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}
