// The processes of one box: starting, recording, containing and metering them.
import { CodedError } from "../../coded-error.ts";
import { randomUUID } from "node:crypto";
import { Cgroups } from "./cgroup.ts";
import { ContainedChild } from "./contained-child.ts";
import { endEverything, endOwned, type OwnedEnding } from "./owned-ending.ts";
import { type KeepingLimits, KeptProcesses } from "./kept-processes.ts";
import { removeForeignSpills } from "./spill-file.ts";
import { pipedProcess } from "./piped-process.ts";
import { launch, type LaunchedChild } from "./launch.ts";
import { ChildClock } from "./metering.ts";
import { OwnerLedger } from "./owner-ledger.ts";
import type { ProcessStat } from "./proc-scan.ts";
import type {
  BoxProcess,
  ContainmentReport,
  PipedProcess,
  ProcessObserver,
  ProcessRequest,
  ProcessTable,
  ResourceUse,
} from "../../process.ts";
import { RecordedProcess } from "./recorded-process.ts";
import { Sampler } from "./sampler.ts";
import { SpawnerSupply } from "./spawner-supply.ts";

export interface BoxProcessesOptions {
  /** Absolute directory for spill files, ours alone; made when missing. */
  readonly directory: string;
  /** Stable id of the state directory: the value that marks every process as this box's, also after a restart of the daemon. */
  readonly boxId: string;
  readonly observer?: ProcessObserver | undefined;
  /** Processes alive at once. */
  readonly maxProcesses?: number | undefined;
  /** Bytes of each stream kept where the request names no limit. */
  readonly maxRecordBytes?: number | undefined;
  /** How many finished processes can still be read, and in how much room. */
  readonly keeping?: KeepingLimits | undefined;
  /** Path of the spawner; empty: none is used. Absent: the one that was built. */
  readonly spawnerProgram?: string | undefined;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number | undefined;
}

const MAX_PROCESSES = 1_000;
const MAX_RECORD_BYTES = 4 * 1024 ** 3;
const GRACE_MS = 2_000;
const MAX_EXIT_WAIT_MS = 3_000;

type LaunchRequest = Omit<ProcessRequest, "maxRecordBytes">;

export class BoxProcesses implements ProcessTable {
  readonly #options: BoxProcessesOptions;
  readonly #graceMs: number;
  readonly #cgroups: Cgroups;
  readonly #clock = new ChildClock();
  readonly #ledger = new OwnerLedger();
  readonly #spawners: SpawnerSupply;
  readonly #kept: KeptProcesses;
  readonly #sampler = new Sampler((stats) => this.#sample(stats));
  /** Those alive, and those that left something alive behind. */
  readonly #children = new Set<ContainedChild>();
  #alive = 0;
  #closed = false;

  constructor(options: BoxProcessesOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#cgroups = new Cgroups(options.boxId);
    this.#spawners = new SpawnerSupply(options.spawnerProgram);
    this.#kept = new KeptProcesses(options.keeping);
  }

  async start(request: ProcessRequest): Promise<BoxProcess> {
    const { contained, launched } = await this.#launch(request);
    const { directory, observer } = this.#options;
    const maxRecordBytes =
      request.maxRecordBytes ?? this.#options.maxRecordBytes ?? MAX_RECORD_BYTES;
    const recording = { directory, maxRecordBytes, observer };
    const process = new RecordedProcess(contained, launched, request, recording);
    this.#kept.add(process);
    void process.exited.then(() => this.#kept.finish(process));
    observer?.started?.(process);
    return process;
  }

  async spawn(request: LaunchRequest): Promise<PipedProcess> {
    const { contained, launched } = await this.#launch(request);
    return pipedProcess(contained, launched, request.stdin);
  }

  get(processId: string): BoxProcess {
    return this.#kept.get(processId);
  }

  list(): readonly BoxProcess[] {
    return this.#kept.list();
  }

  markerOf(owner: string): Readonly<Record<string, string>> {
    return { HARNESSD_BOX: this.#options.boxId, HARNESSD_OWNER: owner };
  }

  stopOwner(
    owner: string,
    { graceMs = this.#graceMs, spare = [] }: { graceMs?: number; spare?: readonly number[] } = {},
  ): Promise<ContainmentReport> {
    const known = this.#childrenOf(owner);
    const markers = entriesOf(this.markerOf(owner));
    const mayBeElsewhere = !this.#spawners.isUsed || this.#children.size > known.length;
    const endedLevel: OwnedEnding["endedLevel"] = (ifNone) => this.#ledger.levelOf(owner, ifNone);
    const how = { graceMs, spare, markers, mayBeElsewhere, endedLevel };
    const ending = endOwned(known, how);
    for (const child of known) if (!spare.includes(child.pid)) child.noteEnding(ending);
    return this.#afterwards(ending);
  }

  resourcesOf(owner: string): ResourceUse {
    const live = this.#childrenOf(owner).map(({ meter }) => meter.use());
    return this.#ledger.total(owner, live);
  }

  async stopAll(graceMs?: number): Promise<ContainmentReport> {
    const children = [...this.#children];
    const whole = this.#cgroups.whole();
    const markers = entriesOf({ HARNESSD_BOX: this.#options.boxId });
    const ending = endEverything(children, { graceMs: graceMs ?? this.#graceMs, markers, whole });
    for (const child of children) child.noteEnding(ending);
    const report = await this.#afterwards(ending);
    whole?.remove();
    await removeForeignSpills(this.#options.directory, this.list());
    return report;
  }

  /** Ends everything, reports every exit, removes what was recorded, and starts nothing any more. */
  async close(graceMs?: number): Promise<ContainmentReport> {
    this.#closed = true;
    const report = await this.stopAll(graceMs);
    await this.#exitsSeen();
    this.#spawners.close();
    this.#sampler.stop();
    await this.#kept.removeAll();
    return report;
  }

  /** What was stopped is gone from the kernel before its exit has come to us; what the kernel does not let go of is not waited for. */
  async #exitsSeen(): Promise<void> {
    const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<void>();
    const timer = setTimeout(giveUp, MAX_EXIT_WAIT_MS);
    await Promise.race([gaveUp, Promise.all(this.list().map(({ exited }) => exited))]);
    clearTimeout(timer);
  }

  async #launch(
    request: LaunchRequest,
  ): Promise<{ launched: LaunchedChild; contained: ContainedChild }> {
    request.signal?.throwIfAborted();
    this.#admit();
    const id = `proc_${Date.now().toString(36)}${randomUUID().slice(-10)}`;
    const markers = { HARNESSD_BOX: this.#options.boxId, HARNESSD_PROCESS: id };
    const owned =
      request.owner === undefined ? markers : { ...markers, HARNESSD_OWNER: request.owner };
    const spawner = this.#spawners.take();
    // Without a spawner a host's own command starts the faster for entering its group later.
    const isLate = spawner === undefined && request.owner === undefined;
    const cgroup = isLate ? undefined : this.#cgroups.create(id);
    this.#alive++;
    try {
      const launched = await launch(request, { markers: owned, cgroup, spawner });
      const [cgroups, clock, graceMs] = [this.#cgroups, this.#clock, this.#graceMs];
      const own = { id, request, markers: entriesOf(markers), cgroup };
      const setting = { ...own, cgroups, clock, graceMs };
      const contained = new ContainedChild(launched, setting);
      this.#children.add(contained);
      this.#sampler.wake();
      void this.#follow(contained);
      return { launched, contained };
    } catch (error) {
      this.#alive--;
      cgroup?.remove();
      throw error;
    }
  }

  /** Starts the spawner ahead of the first command. */
  warmUp(): void {
    this.#spawners.take();
  }

  #admit(): void {
    this.#options.observer?.admit?.();
    if (this.#closed)
      throw new CodedError("spawn_failed", "The box is shutting down and starts nothing any more");
    const maxProcesses = this.#options.maxProcesses ?? MAX_PROCESSES;
    if (this.#alive >= maxProcesses) throw tooManyProcesses(maxProcesses);
  }

  async #follow(contained: ContainedChild): Promise<void> {
    await contained.gone;
    this.#alive--;
    await contained.placed;
    this.#prune();
    await contained.tree?.empty;
    this.#prune();
  }

  /** Lets go of the children that left nothing behind. */
  #prune(): void {
    for (const child of this.#children) {
      if (!child.isFinished()) continue;
      this.#children.delete(child);
      if (child.owner !== undefined)
        this.#ledger.close(child.owner, child.meter.use(), child.level);
    }
    if (this.#children.size === 0) this.#sampler.rest();
  }

  #sample(stats: readonly ProcessStat[]): void {
    const presentBytes = new Map<string, number>();
    for (const { meter, owner } of this.#children) {
      const bytes = meter.sample(stats);
      if (owner !== undefined) presentBytes.set(owner, (presentBytes.get(owner) ?? 0) + bytes);
    }
    for (const [owner, bytes] of presentBytes)
      if (bytes > 0) this.#ledger.notePresentMemory(owner, bytes);
    this.#prune();
  }

  async #afterwards(ending: Promise<ContainmentReport>): Promise<ContainmentReport> {
    const report = await ending;
    this.#prune();
    return report;
  }

  #childrenOf(owner: string): ContainedChild[] {
    return [...this.#children].filter((child) => child.owner === owner);
  }
}

function entriesOf(markers: Readonly<Record<string, string>>): string[] {
  return Object.entries(markers).map(([name, value]) => `${name}=${value}`);
}

function tooManyProcesses(maxProcesses: number): CodedError {
  const message = `${maxProcesses} processes are alive, which is the limit of this box; stop some first`;
  return new CodedError("too_many_processes", message, { data: { maxProcesses } });
}
