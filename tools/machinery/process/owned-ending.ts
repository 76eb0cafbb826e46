// Ending what belongs to an owner or to the whole box: supervised trees by their supervisors, all else by a search.
import type { Cgroup } from "./cgroup.ts";
import type { ContainedChild } from "./contained-child.ts";
import { endTree } from "./containment.ts";
import { leastCertain } from "./owner-ledger.ts";
import type { ContainmentLevel, ContainmentReport } from "../../process.ts";
import { endSupervised, type SupervisedMember } from "./supervised-ending.ts";

export interface OwnedEnding {
  readonly graceMs: number;
  /** Pids that stay, but not what they have started. */
  readonly spare: readonly number[];
  readonly markers: readonly string[];
  /** True when processes of the owner may run below a program of another owner. */
  readonly mayBeElsewhere: boolean;
  /** How certain the ends were that came before; the argument when there were none. */
  readonly endedLevel: (ifNone: ContainmentLevel) => ContainmentLevel;
}

export async function endOwned(
  children: readonly ContainedChild[],
  { graceMs, spare, markers, mayBeElsewhere, endedLevel }: OwnedEnding,
): Promise<ContainmentReport> {
  const whole = supervisedOf(children.filter(({ pid }) => !spare.includes(pid)));
  const rest = children.filter((child) => !whole.some(({ tree }) => tree === child.tree));
  const ended = endedLevel(children.length > 0 ? "cgroup" : "marker");
  const first = whole.length > 0 ? await endSupervised(whole, graceMs) : undefined;
  if (first && rest.length === 0 && !mayBeElsewhere)
    return { ...first, level: leastCertain([first.level, ended]) };
  const wasInCgroup = ended === "cgroup" && rest.every((child) => child.wasInCgroup);
  const belonging = { ...belongingOf(rest), markers };
  const second = await endTree(belonging, { graceMs, spare, wasInCgroup });
  const foundMore = rest.length > 0 || second.signalled > 0;
  const levels = [ended, ...(first ? [first.level] : []), ...(foundMore ? [second.level] : [])];
  return sum(first, second, leastCertain(levels));
}

/** For the end of the box, and for what a predecessor has left. */
export async function endEverything(
  children: readonly ContainedChild[],
  {
    graceMs,
    markers,
    whole,
  }: { graceMs: number; markers: readonly string[]; whole: Cgroup | undefined },
): Promise<ContainmentReport> {
  const supervised = supervisedOf(children);
  const rest = children.filter((child) => !supervised.some(({ tree }) => tree === child.tree));
  const first = supervised.length > 0 ? await endSupervised(supervised, graceMs) : undefined;
  const belonging = { ...belongingOf(rest), cgroups: whole ? [whole] : [], markers };
  // What a predecessor started may have left its control group before it was in one: that cannot be known.
  const second = await endTree(belonging, { graceMs, wasInCgroup: false });
  return sum(first, second, second.level);
}

function supervisedOf(children: readonly ContainedChild[]): SupervisedMember[] {
  return children.flatMap(({ tree, cgroup, wasInCgroup }) =>
    tree && !tree.isLost ? [{ tree, cgroup, wasInCgroup }] : [],
  );
}

function belongingOf(children: readonly ContainedChild[]) {
  return {
    leaders: children,
    cgroups: children.flatMap(({ cgroup }) => cgroup ?? []),
    supervisors: children.flatMap(({ tree }) => (tree?.isOpen ? [tree.supervisor] : [])),
  };
}

function sum(
  first: ContainmentReport | undefined,
  second: ContainmentReport,
  level: ContainmentLevel,
): ContainmentReport {
  if (!first) return { ...second, level };
  return {
    level,
    signalled: first.signalled + second.signalled,
    killed: first.killed + second.killed,
    survivors: [...first.survivors, ...second.survivors],
    durationMs: first.durationMs + second.durationMs,
  };
}
