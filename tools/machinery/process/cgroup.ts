// Control groups (v2): the kernel's own list of what a process has started. Used where it may be written, never required.
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";

const MAX_DEPTH = 8;
/** The process or its group ended meanwhile; every other error means that we may not. */
const GONE = new Set<unknown>(["ESRCH", "ENOENT", "ENODEV"]);

/** Where groups of ours may be made; undefined inside once the kernel or the box refuses. */
export class Cgroups {
  readonly #boxName: string;
  /** Undefined: not looked for yet. Null: not to be had. */
  #directory: string | null | undefined;

  constructor(boxId: string) {
    this.#boxName = `harnessd-${createHash("sha256").update(boxId).digest("hex").slice(0, 16)}`;
  }

  /** A new empty group, or undefined where there are none. */
  create(name: string): Cgroup | undefined {
    const box = this.#findDirectory();
    if (box === null) return undefined;
    try {
      const directory = join(box, name);
      mkdirSync(directory, { recursive: true });
      return new Cgroup(directory, () => this.#giveUp());
    } catch {
      this.#giveUp();
      return undefined;
    }
  }

  /** The group of the whole box, this daemon's processes and what a predecessor left; undefined when there is none. */
  whole(): Cgroup | undefined {
    const box = this.#findDirectory();
    return box === null ? undefined : new Cgroup(box, () => this.#giveUp());
  }

  #giveUp(): void {
    this.#directory = null;
  }

  #findDirectory(): string | null {
    if (this.#directory === undefined) {
      const own = findOwnCgroup();
      this.#directory = own === undefined ? null : join(own, this.#boxName);
    }
    return this.#directory;
  }
}

export class Cgroup {
  readonly directory: string;
  readonly #onRefusal: () => void;

  constructor(directory: string, onRefusal: () => void) {
    this.directory = directory;
    this.#onRefusal = onRefusal;
  }

  /** Moves a process in; what it forks from then on is in too. False when it is gone or the kernel refuses. May take tens of ms. */
  async attach(pid: number): Promise<boolean> {
    try {
      await writeFile(join(this.directory, "cgroup.procs"), String(pid));
      return true;
    } catch (error) {
      if (!GONE.has((error as NodeJS.ErrnoException).code)) this.#onRefusal();
      return false;
    }
  }

  /** True once any process has run in it, also if none does any more. */
  wasEntered(): boolean {
    return this.cpuMs() !== undefined || this.pids().length > 0;
  }

  /** Everything in it, groups that its processes made below it included. */
  pids(): number[] {
    return listPids(this.directory, MAX_DEPTH);
  }

  /** SIGKILL to everything in it at once, which outruns whatever forks. False where the kernel is older than 5.14. */
  async kill(): Promise<boolean> {
    try {
      await writeFile(join(this.directory, "cgroup.kill"), "1");
      return true;
    } catch {
      return false;
    }
  }

  /** Processor time of everything that ever was in it, from the moment it was; undefined when nothing has run in it. */
  cpuMs(): number | undefined {
    const micros = Number(read(join(this.directory, "cpu.stat"))?.match(/^usage_usec (\d+)/m)?.[1]);
    return micros > 0 ? micros / 1000 : undefined;
  }

  /** Undefined where the memory controller is not enabled. */
  peakMemoryBytes(): number | undefined {
    const bytes = read(join(this.directory, "memory.peak"));
    return bytes === undefined ? undefined : Number(bytes);
  }

  /** True once it is gone; false while something lives in it. */
  remove(): boolean {
    return removeTree(this.directory, MAX_DEPTH);
  }
}

/** The cgroup v2 directory of this process, when it may be written. */
function findOwnCgroup(): string | undefined {
  const path = read("/proc/self/cgroup")?.match(/^0::(\/.*)$/m)?.[1];
  if (path === undefined || path.split("/").includes("..")) return undefined;
  for (const line of read("/proc/self/mountinfo")?.split("\n") ?? []) {
    const [mount = "", filesystem = ""] = line.split(" - ");
    const [, , , root, mountPoint] = mount.split(" ");
    if (!filesystem.startsWith("cgroup2 ") || root === undefined || mountPoint === undefined)
      continue;
    const below = root !== "/" && path.startsWith(root) ? path.slice(root.length) : path;
    const directory = join(mountPoint, below);
    if (isWritable(join(directory, "cgroup.procs"))) return directory;
  }
  return undefined;
}

function listPids(directory: string, depth: number): number[] {
  const own = (read(join(directory, "cgroup.procs")) ?? "").split("\n").map(Number);
  const found = own.filter((pid) => pid > 0);
  if (depth > 0)
    for (const name of subdirectories(directory))
      found.push(...listPids(join(directory, name), depth - 1));
  return found;
}

function removeTree(directory: string, depth: number): boolean {
  if (depth > 0)
    for (const name of subdirectories(directory)) removeTree(join(directory, name), depth - 1);
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function subdirectories(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
