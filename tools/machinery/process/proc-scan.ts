// Reading /proc: who is alive, who descends from whom, and whose environment holds a marker.
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly threads: number;
  /** Own time and that of children waited for, in clock ticks. */
  readonly cpuTicks: number;
  /** Of children waited for alone, in clock ticks. */
  readonly childCpuTicks: number;
  /** Ticks since boot; with the pid it names one process for good, as a pid alone does not. */
  readonly startTicks: number;
  readonly isKernelThread: boolean;
}

/** The kernel shows times to programs in hundredths of a second, whatever its own clock. */
export const MS_PER_TICK = 10;

const KERNEL_THREAD_FLAG = 0x00200000;
/** A scan lets others run after so many processes: about a millisecond. */
const SCAN_CHUNK = 64;
const KIB = 1024;

/** False where there is no /proc, as on macOS: then only process groups are known. */
export function procIsReadable(): boolean {
  return readStat(process.pid) !== undefined;
}

/** Undefined when there is no such process, or it may not be read. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readProcFile(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name stands in parentheses and may itself hold some.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (index: number): number => Number(fields[index]);
  return {
    pid,
    state: fields[0] ?? "X",
    parent: number(1),
    group: number(2),
    session: number(3),
    isKernelThread: (number(6) & KERNEL_THREAD_FLAG) !== 0,
    cpuTicks: number(11) + number(12) + number(13) + number(14),
    childCpuTicks: number(13) + number(14),
    threads: number(17),
    startTicks: number(19),
  };
}

/** True when the process still runs; a zombie does not, unless only its first thread is gone. */
export function isRunning(stat: ProcessStat): boolean {
  return (stat.state !== "Z" && stat.state !== "X") || stat.threads > 1;
}

/** Every running process that is no kernel thread, by pid. */
export async function scanProcesses(): Promise<Map<number, ProcessStat>> {
  const found = new Map<number, ProcessStat>();
  let read = 0;
  for (const pid of listPids()) {
    if (++read % SCAN_CHUNK === 0) await letOthersRun();
    const stat = readStat(pid);
    if (stat && !stat.isKernelThread && isRunning(stat)) found.set(pid, stat);
  }
  return found;
}

/** The processes among `stats` whose environment holds every marker (`NAME=value`). Those that may not be read are left out. */
export async function findMarked(
  stats: Iterable<ProcessStat>,
  markers: readonly string[],
): Promise<number[]> {
  const needles = markers.map((marker) => Buffer.from(`\0${marker}\0`));
  const found: number[] = [];
  let read = 0;
  for (const { pid } of stats) {
    if (++read % SCAN_CHUNK === 0) await letOthersRun();
    if (environmentHolds(pid, needles)) found.push(pid);
  }
  return found;
}

/** Peak and present resident memory of one process; undefined when it is gone. */
export function readMemory(
  pid: number,
): { readonly peakBytes: number; readonly presentBytes: number } | undefined {
  const text = readProcFile(`/proc/${pid}/status`);
  const peak = text?.match(/^VmHWM:\s+(\d+)/m)?.[1];
  const present = text?.match(/^VmRSS:\s+(\d+)/m)?.[1];
  return peak && present
    ? { peakBytes: Number(peak) * KIB, presentBytes: Number(present) * KIB }
    : undefined;
}

/** Time on a processor of a process's first thread, finer than ticks; undefined where the kernel does not tell. */
export function readScheduledMs(pid: number): number | undefined {
  const text = readProcFile(`/proc/${pid}/schedstat`);
  return text === undefined ? undefined : Number(text.split(" ")[0]) / 1e6;
}

function listPids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function environmentHolds(pid: number, needles: readonly Buffer[]): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`);
    if (environment.length === 0) return false;
    return needles.every(
      (needle) =>
        environment.includes(needle) ||
        environment.subarray(0, needle.length - 1).equals(needle.subarray(1)),
    );
  } catch {
    return false;
  }
}

function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function letOthersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
