// How long a box waits for its daemon.
import { startBareNode } from "../limits/bare-node.ts";
import { BuiltDaemon } from "../daemon.ts";
import type { Measurement } from "../measurement.ts";
import { inTurns } from "../rounds.ts";
import { locateSandboxAgent, SandboxAgent } from "../sandbox-agent.ts";

const ROUNDS = 11;

/** A first start, on an empty state directory; ready is when it says where it listens. */
export const start: Measurement = {
  name: "start",
  what: "start to ready",
  unit: "ms",
  limitName: "bare Node that says a line",
  aim: { ratioAtMost: 3 },
  async measure() {
    const program = locateSandboxAgent();
    return await inTurns(ROUNDS, {
      limit: async () => await readyMs(startBareNode()),
      ours: async () => await readyMs(BuiltDaemon.start()),
      peer: program === null ? null : async () => await readyMs(SandboxAgent.start(program)),
    });
  },
};

async function readyMs(
  starting: Promise<{ readonly readyMs: number } & AsyncDisposable>,
): Promise<number> {
  await using started = await starting;
  return started.readyMs;
}
