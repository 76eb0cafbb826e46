// Ending trees that have supervisors: the supervisors signal, and the kernel says when nothing is left.
import { setTimeout as sleep } from "node:timers/promises";
import type { Cgroup } from "./cgroup.ts";
import { descendantsOf } from "./members.ts";
import type { ContainmentReport } from "../../process.ts";
import type { SupervisedTree } from "./supervised-tree.ts";

/** A tree that catches SIGTERM may fork while it ends: the newcomers are asked this often. */
const ASK_AGAIN_MS = 100;
/** How long the supervisors have with SIGKILL before the control groups are killed. */
const FIRST_KILL_MS = 100;
/** How long SIGKILL may take: processes stuck in the kernel, or not ours to signal, are reported as surviving. */
const MAX_KILL_MS = 5_000;

export interface SupervisedMember {
  readonly tree: SupervisedTree;
  readonly cgroup: Cgroup | undefined;
  /** True when its program was in the control group from its first instruction on. */
  readonly wasInCgroup: boolean;
}

/** SIGTERM, the grace period, SIGKILL. Never rejects. */
export async function endSupervised(
  members: readonly SupervisedMember[],
  graceMs: number,
): Promise<ContainmentReport> {
  const startedAt = performance.now();
  const open = (): SupervisedMember[] => members.filter(({ tree }) => tree.isOpen);
  const asked = open();
  const deadline = startedAt + graceMs;
  while (open().length > 0 && performance.now() < deadline) {
    for (const { tree } of open()) tree.askToEnd();
    await emptied(open(), Math.min(ASK_AGAIN_MS, deadline - performance.now()));
  }
  for (const { tree } of open()) tree.kill();
  await emptied(open(), FIRST_KILL_MS);
  // The kernel's own kill, for whatever the supervisors have not outrun, and for what a group holds beside its tree.
  await Promise.all(members.flatMap(({ cgroup }) => (cgroup?.pids().length ? cgroup.kill() : [])));
  await emptied(open(), MAX_KILL_MS);
  return {
    level: levelOf(members),
    signalled: sumOf(asked, "signalled"),
    killed: sumOf(asked, "killed"),
    survivors: await descendantsOf(open().map(({ tree }) => tree.supervisor)),
    durationMs: performance.now() - startedAt,
  };
}

/** What was certain of the least certain tree. */
function levelOf(members: readonly SupervisedMember[]): ContainmentReport["level"] {
  if (members.some(({ tree }) => tree.isLost)) return "marker";
  const isInCgroup = ({ cgroup, wasInCgroup }: SupervisedMember): boolean =>
    wasInCgroup && (cgroup === undefined || cgroup.pids().length === 0);
  return members.length > 0 && members.every(isInCgroup) ? "cgroup" : "subreaper";
}

function sumOf(members: readonly SupervisedMember[], what: "signalled" | "killed"): number {
  return members.reduce((sum, { tree }) => sum + (tree.end?.[what] ?? 0), 0);
}

async function emptied(members: readonly SupervisedMember[], atMostMs: number): Promise<void> {
  if (members.length === 0 || atMostMs <= 0) return;
  const over = new AbortController();
  const late = sleep(atMostMs, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([Promise.all(members.map(({ tree }) => tree.empty)), late]);
  over.abort();
}
