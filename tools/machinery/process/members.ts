// Who belongs to a tree: found by parent links, group, session, environment marker and control group.
import type { Cgroup } from "./cgroup.ts";
import { findMarked, isRunning, type ProcessStat, readStat, scanProcesses } from "./proc-scan.ts";

/** A process that we started ourselves: its pid is also the id of its group and session. */
export interface Leader {
  readonly pid: number;
  /** Undefined when it was gone before it could be read. */
  readonly startTicks: number | undefined;
  /** True when its group was empty once the leader had exited: the number may since mean another group. */
  readonly groupIsGone: boolean;
}

export interface Belonging {
  readonly leaders: readonly Leader[];
  readonly cgroups: readonly Cgroup[];
  /** Environment entries (`NAME=value`) that together mark a member. */
  readonly markers: readonly string[];
  /** Processes of ours to which orphans of the trees return; they themselves stay. */
  readonly supervisors?: readonly number[] | undefined;
}

export interface Member {
  readonly pid: number;
  readonly startTicks: number;
  readonly state: string;
  readonly isInCgroup: boolean;
}

/** All that belong and run, never this process nor what it descends from. */
export async function findMembers(belonging: Belonging): Promise<Member[]> {
  const stats = await scanProcesses();
  for (const pid of pidsOfOurselves(stats)) stats.delete(pid);
  const inCgroup = new Set(belonging.cgroups.flatMap((cgroup) => cgroup.pids()));
  const found = new Set([...inCgroup].filter((pid) => stats.has(pid)));
  for (const stat of stats.values())
    if (belonging.leaders.some((leader) => isLedBy(stat, leader, stats))) found.add(stat.pid);
  const others = [...stats.values()].filter(({ pid }) => !found.has(pid));
  for (const pid of await findMarked(others, belonging.markers)) found.add(pid);
  const supervisors = belonging.supervisors ?? [];
  for (const pid of supervisors) found.add(pid);
  addDescendants(found, stats);
  for (const pid of supervisors) found.delete(pid);
  return [...found].flatMap((pid) => {
    const stat = stats.get(pid);
    return stat
      ? [{ pid, startTicks: stat.startTicks, state: stat.state, isInCgroup: inCgroup.has(pid) }]
      : [];
  });
}

/** What runs in the leader's group or session, the leader included. */
export async function findLed(leader: Leader): Promise<ProcessStat[]> {
  const stats = await scanProcesses();
  return [...stats.values()].filter((stat) => isLedBy(stat, leader, stats));
}

/** This process and its ancestors: a box's own shell may have started the daemon. */
function pidsOfOurselves(stats: ReadonlyMap<number, ProcessStat>): number[] {
  const pids = [1];
  for (let pid = process.pid; pid > 1 && !pids.includes(pid); pid = stats.get(pid)?.parent ?? 0)
    pids.push(pid);
  return pids;
}

function isLedBy(
  stat: ProcessStat,
  leader: Leader,
  stats: ReadonlyMap<number, ProcessStat>,
): boolean {
  if (stat.pid === leader.pid) return stat.startTicks === leader.startTicks;
  if (leader.groupIsGone || (stat.group !== leader.pid && stat.session !== leader.pid))
    return false;
  const holder = stats.get(leader.pid);
  return holder === undefined || holder.startTicks === leader.startTicks;
}

/** What runs below these processes, they themselves left out. */
export async function descendantsOf(pids: readonly number[]): Promise<number[]> {
  if (pids.length === 0) return [];
  const found = new Set(pids);
  addDescendants(found, await scanProcesses());
  return [...found].filter((pid) => !pids.includes(pid));
}

function addDescendants(found: Set<number>, stats: ReadonlyMap<number, ProcessStat>): void {
  const children = Map.groupBy(stats.values(), ({ parent }) => parent);
  // A set that grows while it is walked is walked to its end: the descendants of descendants too.
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child.pid);
}

/** True while the very process that was found still runs, and not another under its number. */
export function isStillThere(member: Pick<Member, "pid" | "startTicks">): boolean {
  const stat = readStat(member.pid);
  return stat !== undefined && stat.startTicks === member.startTicks && isRunning(stat);
}
