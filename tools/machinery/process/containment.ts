// Ending a whole tree: SIGTERM, a grace period, SIGKILL, and sweeps until nothing new appears.
import { setTimeout as sleep } from "node:timers/promises";
import { type Belonging, findMembers, isStillThere, type Leader, type Member } from "./members.ts";
import { procIsReadable } from "./proc-scan.ts";
import type { ContainmentReport } from "../../process.ts";

export interface EndingOptions {
  readonly graceMs: number;
  /** Pids that stay. */
  readonly spare?: readonly number[] | undefined;
  /** True when everything was in a control group of ours from its first instruction on. */
  readonly wasInCgroup: boolean;
}

const FIRST_POLL_MS = 2;
const MAX_POLL_MS = 25;
/** A tree that catches SIGTERM may fork while it ends: the newcomers are looked for this often. */
const RESWEEP_MS = 250;
/** How long SIGKILL is repeated before what is left is reported as surviving (processes stuck in the kernel, or not ours to signal). */
const MAX_KILL_MS = 5_000;
/** One empty sweep may have raced with a fork whose parent exited in between; two in a row have not. */
const EMPTY_SWEEPS_NEEDED = 2;

/** Ends all that belongs, but for what is spared. Never rejects for what the kernel refuses: the report says what survived. */
export async function endTree(
  belonging: Belonging,
  options: EndingOptions,
): Promise<ContainmentReport> {
  if (!procIsReadable()) return endGroups(belonging.leaders, options.graceMs);
  return new Ending(belonging, options).run();
}

class Ending {
  readonly #belonging: Belonging;
  readonly #options: EndingOptions;
  readonly #startedAt = performance.now();
  readonly #signalled = new Set<number>();
  readonly #killed = new Set<number>();
  #allWereInCgroup: boolean;

  constructor(belonging: Belonging, options: EndingOptions) {
    this.#belonging = belonging;
    this.#options = options;
    this.#allWereInCgroup = options.wasInCgroup;
  }

  async run(): Promise<ContainmentReport> {
    const ended = (this.#options.graceMs > 0 && (await this.#askToEnd())) || (await this.#kill());
    return {
      level: this.#allWereInCgroup ? "cgroup" : "marker",
      signalled: this.#signalled.size,
      killed: this.#killed.size,
      survivors: ended ? [] : (await this.#sweep()).map(({ pid }) => pid),
      durationMs: performance.now() - this.#startedAt,
    };
  }

  /** True when all was gone within the grace period. */
  async #askToEnd(): Promise<boolean> {
    const deadline = this.#startedAt + this.#options.graceMs;
    while (performance.now() < deadline) {
      const members = await this.#sweep();
      if (members.length === 0 && (await this.#isEmptyAgain())) return true;
      for (const member of members) this.#ask(member);
      await waitUntilGone(members, Math.min(RESWEEP_MS, deadline - performance.now()));
    }
    return false;
  }

  /** True when nothing is left. */
  async #kill(): Promise<boolean> {
    const deadline = performance.now() + MAX_KILL_MS;
    do {
      const members = await this.#sweep();
      if (members.length === 0 && (await this.#isEmptyAgain())) return true;
      for (const member of members) this.#killOne(member);
      if (!this.#options.spare?.length)
        await Promise.all(this.#belonging.cgroups.map((cgroup) => cgroup.kill()));
      await waitUntilGone(members, RESWEEP_MS);
    } while (performance.now() < deadline);
    return false;
  }

  async #sweep(): Promise<Member[]> {
    const spared = this.#options.spare ?? [];
    const members = (await findMembers(this.#belonging)).filter(({ pid }) => !spared.includes(pid));
    if (members.some(({ isInCgroup }) => !isInCgroup)) this.#allWereInCgroup = false;
    return members;
  }

  async #isEmptyAgain(): Promise<boolean> {
    if (this.#signalled.size === 0) return true;
    for (let empty = 1; empty < EMPTY_SWEEPS_NEEDED; empty++)
      if ((await this.#sweep()).length > 0) return false;
    return true;
  }

  #ask(member: Member): void {
    if (!this.#signalled.has(member.pid)) sendSignal(member, "SIGTERM");
    this.#signalled.add(member.pid);
    // A stopped process only hears of SIGTERM once it goes on.
    if (member.state === "T") sendSignal(member, "SIGCONT");
  }

  #killOne(member: Member): void {
    this.#signalled.add(member.pid);
    this.#killed.add(member.pid);
    sendSignal(member, "SIGKILL");
  }
}

async function waitUntilGone(members: readonly Member[], atMostMs: number): Promise<void> {
  const deadline = performance.now() + atMostMs;
  for (
    let pollMs = FIRST_POLL_MS;
    members.some(isStillThere);
    pollMs = Math.min(pollMs * 2, MAX_POLL_MS)
  ) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return;
    await sleep(Math.min(pollMs, leftMs));
  }
}

function sendSignal(member: Member, name: NodeJS.Signals): void {
  if (isStillThere(member)) signalPid(member.pid, name);
}

/** False when there is nobody under that number, or not ours to signal. A negative pid is a group. */
export function signalPid(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Without /proc only the groups of what we started ourselves are known. */
async function endGroups(leaders: readonly Leader[], graceMs: number): Promise<ContainmentReport> {
  const startedAt = performance.now();
  const groups = leaders.filter(({ groupIsGone }) => !groupIsGone).map(({ pid }) => pid);
  const alive = (): number[] => groups.filter((group) => signalPid(-group, 0));
  const sendUntil = async (name: NodeJS.Signals, deadline: number): Promise<number> => {
    const sent = alive().filter((group) => signalPid(-group, name)).length;
    while (alive().length > 0 && performance.now() < deadline) await sleep(MAX_POLL_MS);
    return sent;
  };
  const asked = graceMs > 0 ? await sendUntil("SIGTERM", startedAt + graceMs) : 0;
  const killed = await sendUntil("SIGKILL", performance.now() + MAX_KILL_MS);
  return {
    level: "group",
    signalled: Math.max(asked, killed),
    killed,
    survivors: alive(),
    durationMs: performance.now() - startedAt,
  };
}
