// Processes that belong to a box, found by what stands in their environment.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isRunning, readStat } from "../../tools/machinery/process/proc-scan.ts";
import type { Box } from "./daemon-process.ts";

export interface Found {
  readonly pid: number;
  readonly startTicks: number;
  readonly command: string;
}

const POLL_MS = 50;

/** Everything that the box's daemons have started as a process of the box. */
export function boxProcesses({ stateDir }: Box): Found[] {
  const boxId = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return find((environment) => environment.includes(`HARNESSD_BOX=${boxId}\0`));
}

/** Everything that has the box's directory in its environment, such as the daemon itself and the git that it runs. */
export function processesAround({ base }: Box): Found[] {
  return find((environment) => environment.includes(base));
}

export function isAlive({ pid, startTicks }: Found): boolean {
  const stat = readStat(pid);
  return stat !== undefined && isRunning(stat) && stat.startTicks === startTicks;
}

/** What of them is there at the end of the time, for those that end by themselves in a moment. */
export async function remaining(look: () => Found[], withinMs: number): Promise<Found[]> {
  for (
    const deadline = performance.now() + withinMs;
    performance.now() < deadline;
    await delay(POLL_MS)
  )
    if (look().length === 0) return [];
  return look();
}

function find(isWanted: (environment: string) => boolean): Found[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!(pid > 0) || pid === process.pid) return [];
    try {
      if (!isWanted(readFileSync(`/proc/${pid}/environ`, "utf8"))) return [];
      const stat = readStat(pid);
      if (!stat || !isRunning(stat)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid, startTicks: stat.startTicks, command }];
    } catch {
      return []; // gone meanwhile, or not ours
    }
  });
}
