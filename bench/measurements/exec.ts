// What a command costs through the daemon beside what starting it costs.
import { BuiltDaemon } from "../daemon.ts";
import { BareSpawner } from "../limits/spawn-apart.ts";
import type { Measurement } from "../measurement.ts";
import { RawHost } from "../raw-host.ts";
import { inTurns, medianTimeMs } from "../rounds.ts";
import { startPeer } from "../sandbox-agent.ts";

const ROUNDS = 9;
const CALLS = 8;
const COMMAND = "echo hello";

export const exec: Measurement = {
  name: "exec",
  what: "exec round trip (bash -c 'echo hello')",
  unit: "ms",
  limitName: "bare spawn",
  aim: { ratioAtMost: 1.25 },
  async measure() {
    await using daemon = await BuiltDaemon.start();
    await using peer = await startPeer();
    using spawner = new BareSpawner();
    using host = await RawHost.connect(daemon.url);
    return await inTurns(ROUNDS, {
      limit: () => spawner.medianMs({ command: COMMAND, count: CALLS }),
      ours: () => medianTimeMs(CALLS, () => host.call("shell_exec", { command: COMMAND })),
      peer: peer && (() => medianTimeMs(CALLS, () => peer.exec(COMMAND))),
    });
  },
};
