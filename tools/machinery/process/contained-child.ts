// One program that we started and everything it starts in turn: its exit, its limits, its costs and its end.
import { setTimeout as sleep } from "node:timers/promises";
import type { Cgroup, Cgroups } from "./cgroup.ts";
import { endTree, signalPid } from "./containment.ts";
import type { LaunchedChild } from "./launch.ts";
import { findLed, type Leader } from "./members.ts";
import { type ChildClock, Meter } from "./metering.ts";
import { readStat } from "./proc-scan.ts";
import type { ProgramExit } from "./spawned-child.ts";
import { endSupervised } from "./supervised-ending.ts";
import type { SupervisedTree } from "./supervised-tree.ts";
import type {
  ContainmentLevel,
  ContainmentReport,
  ProcessExit,
  ProcessRequest,
} from "../../process.ts";

export interface ChildSetting {
  readonly id: string;
  readonly request: Omit<ProcessRequest, "maxRecordBytes">;
  /** Environment entries (`NAME=value`) that mark it and its descendants. */
  readonly markers: readonly string[];
  /** The group that it was started in, if any. */
  readonly cgroup: Cgroup | undefined;
  /** Where a group for it can be made later. */
  readonly cgroups: Cgroups;
  readonly clock: ChildClock;
  readonly graceMs: number;
}

/** A command that ends sooner is never moved to a control group. */
const PLACE_AFTER_MS = 25;
/** The longest delay that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class ContainedChild implements Leader {
  readonly id: string;
  readonly pid: number;
  readonly startTicks: number | undefined;
  readonly meter: Meter;
  readonly owner: string | undefined;
  /** Settles when the direct child is gone, before its output is. */
  readonly gone: Promise<void>;
  /** Settles when it is in its control group, or will never be. */
  readonly placed: Promise<void>;
  /** Absent where there is no spawner. */
  readonly tree: SupervisedTree | undefined;
  readonly #launched: LaunchedChild;
  readonly #setting: ChildSetting;
  readonly #startedAt = performance.now();
  #seen: { exitCode: number | null; signal: string | null; durationMs: number } | undefined;
  #groupIsGone = false;
  #timedOut = false;
  #wasInCgroup = false;
  #isPlaced = false;
  #cgroup: Cgroup | undefined;
  #ending: Promise<ContainmentReport> | undefined;
  /** Takes the limits off. */
  #lift: () => void = () => undefined;

  constructor(launched: LaunchedChild, setting: ChildSetting) {
    const { pid, tree } = launched;
    this.id = setting.id;
    this.pid = pid;
    this.tree = tree;
    this.#launched = launched;
    this.owner = setting.request.owner;
    this.startTicks = readStat(pid)?.startTicks;
    this.meter = new Meter(pid);
    this.#setting = setting;
    setting.clock.skip();
    this.gone = launched.exited.then((exit) => this.#leave(exit));
    this.#cgroup = setting.cgroup;
    if (setting.cgroup) this.meter.enterCgroup(setting.cgroup);
    this.placed = (setting.cgroup || tree ? Promise.resolve() : this.#place()).finally(
      () => (this.#isPlaced = true),
    );
    this.#limit();
  }

  get groupIsGone(): boolean {
    return this.#groupIsGone;
  }

  /** True when its program ran in the group from its first instruction on. */
  get wasInCgroup(): boolean {
    this.#wasInCgroup ||= this.#setting.cgroup?.wasEntered() ?? false;
    return this.#wasInCgroup;
  }

  /** How certain it was that its end left nothing. */
  get level(): ContainmentLevel {
    if (this.wasInCgroup) return "cgroup";
    return this.tree && !this.tree.isLost ? "subreaper" : "marker";
  }

  get cgroup(): Cgroup | undefined {
    return this.#cgroup;
  }

  /** How the direct child ended, once it has; waits for an ending of the tree that is under way. */
  async exit(): Promise<ProcessExit> {
    await this.gone;
    const containment = await this.#ending;
    const { exitCode = null, signal = null, durationMs = 0 } = this.#seen ?? {};
    const exit = {
      exitCode,
      signal,
      timedOut: this.#timedOut,
      durationMs,
      resources: this.meter.use(),
    };
    return containment ? { ...exit, containment } : exit;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#groupIsGone) signalPid(-this.pid, name);
  }

  stop(graceMs?: number): Promise<ContainmentReport> {
    const graceOrDefault = graceMs ?? this.#setting.graceMs;
    const { tree, cgroup, wasInCgroup } = this;
    if (tree && !tree.isLost) {
      const supervised = endSupervised([{ tree, cgroup, wasInCgroup }], graceOrDefault);
      this.noteEnding(supervised);
      return supervised;
    }
    const belonging = {
      leaders: [this],
      cgroups: this.#cgroup ? [this.#cgroup] : [],
      markers: this.#setting.markers,
    };
    const ending = endTree(belonging, { graceMs: graceOrDefault, wasInCgroup });
    this.noteEnding(ending);
    return ending;
  }

  /** Call when its tree is being ended from outside. */
  noteEnding(ending: Promise<ContainmentReport>): void {
    if (this.#seen === undefined) this.#ending ??= ending;
  }

  /** True once nothing is left that its group or control group would show; takes the last reading then. */
  isFinished(): boolean {
    if (this.#seen === undefined || !this.#isPlaced || this.tree?.isOpen === true) return false;
    this.#groupIsGone ||= !signalPid(-this.pid, 0);
    if (!this.#groupIsGone || (this.cgroup?.pids().length ?? 0) > 0) return false;
    this.meter.close();
    this.#wasInCgroup = this.wasInCgroup;
    return this.cgroup?.remove() ?? true;
  }

  #leave({ exitCode, signal }: ProgramExit): void {
    this.#lift();
    this.#seen = { exitCode, signal, durationMs: performance.now() - this.#startedAt };
    this.#groupIsGone = !signalPid(-this.pid, 0);
    const take = this.#setting.clock.take();
    this.meter.exited(
      () => this.#launched.cpuMs ?? take(),
      () => this.#launched.peakMemoryBytes,
    );
  }

  /** The request's time limit and signal end the whole tree. */
  #limit(): void {
    const { timeoutMs, signal } = this.#setting.request;
    const end = (): void => void this.stop();
    const timeOut = (): void => {
      this.#timedOut = this.#seen === undefined;
      end();
    };
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(timeOut, Math.min(timeoutMs, MAX_TIMER_MS));
    signal?.addEventListener("abort", end, { once: true });
    if (signal?.aborted) end();
    this.#lift = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
    };
  }

  /**
   * Moving a process can take the kernel tens of ms. A host's own command is not made to wait for that: if it lasts, it
   * is moved with all it has forked, and counts as contained by its marker.
   */
  async #place(): Promise<void> {
    await Promise.race([this.gone, sleep(PLACE_AFTER_MS, undefined, { ref: false })]);
    if (this.#seen !== undefined) return;
    const cgroup = this.#setting.cgroups.create(this.id);
    this.#cgroup = cgroup;
    if (!(await cgroup?.attach(this.pid)) || !cgroup) return;
    this.meter.enterCgroup(cgroup);
    for (const { pid } of await findLed(this)) if (pid !== this.pid) await cgroup.attach(pid);
  }
}
