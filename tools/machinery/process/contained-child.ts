// One program that we started and everything it starts in turn: its exit, its limits, its costs and its end.
import { setTimeout as sleep } from "node:timers/promises";
import type { Cgroup, Cgroups } from "./cgroup.ts";
import { endTree, signalPid } from "./containment.ts";
import type { LaunchedChild } from "./launch.ts";
import { findLed, type Leader } from "./members.ts";
import { type ChildClock, Meter } from "./metering.ts";
import { readStat } from "./proc-scan.ts";
import type { ContainmentReport, ProcessExit, ProcessRequest } from "./process.ts";

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

  constructor({ child, pid }: LaunchedChild, setting: ChildSetting) {
    this.id = setting.id;
    this.pid = pid;
    this.owner = setting.request.owner;
    this.startTicks = readStat(pid)?.startTicks;
    this.meter = new Meter(pid);
    this.#setting = setting;
    setting.clock.skip();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    child.once("exit", (exitCode, signal) => {
      this.#leave(exitCode, signal);
      resolve();
    });
    this.#cgroup = setting.cgroup;
    if (setting.cgroup) this.meter.enterCgroup(setting.cgroup);
    this.placed = (setting.cgroup ? Promise.resolve() : this.#place()).finally(
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
    const belonging = {
      leaders: [this],
      cgroups: this.#cgroup ? [this.#cgroup] : [],
      markers: this.#setting.markers,
    };
    const ending = endTree(belonging, {
      graceMs: graceMs ?? this.#setting.graceMs,
      wasInCgroup: this.wasInCgroup,
    });
    this.noteEnding(ending);
    return ending;
  }

  /** Call when its tree is being ended from outside. */
  noteEnding(ending: Promise<ContainmentReport>): void {
    if (this.#seen === undefined) this.#ending ??= ending;
  }

  /** True once nothing is left that its group or control group would show; takes the last reading then. */
  isFinished(): boolean {
    if (this.#seen === undefined || !this.#isPlaced) return false;
    this.#groupIsGone ||= !signalPid(-this.pid, 0);
    if (!this.#groupIsGone || (this.cgroup?.pids().length ?? 0) > 0) return false;
    this.meter.close();
    this.#wasInCgroup = this.wasInCgroup;
    return this.cgroup?.remove() ?? true;
  }

  #leave(exitCode: number | null, signal: string | null): void {
    this.#lift();
    this.#seen = { exitCode, signal, durationMs: performance.now() - this.#startedAt };
    this.#groupIsGone = !signalPid(-this.pid, 0);
    this.meter.exited(this.#setting.clock.take());
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
