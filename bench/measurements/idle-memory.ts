// What a daemon costs that nobody uses.
import { setTimeout as delay } from "node:timers/promises";
import { startBareNode } from "../limits/bare-node.ts";
import { BuiltDaemon } from "../daemon.ts";
import type { Measurement } from "../measurement.ts";
import { median } from "../rounds.ts";
import { startPeer } from "../sandbox-agent.ts";

const ROUNDS = 3;
const SETTLING_MS = 2000;

/** Resident memory some time after the start, with nobody connected. */
export const idleMemory: Measurement = {
  name: "memory",
  what: "idle memory",
  unit: "MB",
  limitName: "bare Node",
  aim: { atMost: 70 },
  async measure() {
    const seen: { ours: number; limit: number; peer: number | null }[] = [];
    for (let round = 0; round < ROUNDS; round++) seen.push(await measureOnce());
    const peers = seen.flatMap(({ peer }) => peer ?? []);
    return {
      ours: median(seen.map(({ ours }) => ours)),
      limit: median(seen.map(({ limit }) => limit)),
      peer: peers.length === 0 ? null : median(peers),
    };
  },
};

async function measureOnce() {
  await using daemon = await BuiltDaemon.start();
  await using bare = await startBareNode();
  await using peer = await startPeer();
  await delay(SETTLING_MS);
  return {
    ours: daemon.child.residentMb(),
    limit: bare.residentMb(),
    peer: peer?.residentMb() ?? null,
  };
}
