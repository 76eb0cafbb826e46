// What a call costs beside what any frame costs.
import { Child } from "../child.ts";
import { BuiltDaemon } from "../daemon.ts";
import type { Measurement } from "../measurement.ts";
import { onOneCore } from "../one-core.ts";
import { frameOf, RawHost } from "../raw-host.ts";
import { inTurns, medianTimeMs } from "../rounds.ts";

const ROUNDS = 9;
const CALLS = 300;
const FRAME = frameOf("permission_list", {});

/** The smallest call there is, so that what is measured is the line and the layer on it. */
export const rpc: Measurement = {
  name: "rpc",
  what: "RPC round trip, on one core",
  unit: "ms",
  limitName: "bare ws echo",
  aim: { ratioAtMost: 1.5 },
  async measure() {
    await using daemon = await BuiltDaemon.start();
    await using echo = await Child.node("limits/ws-echo.ts");
    using host = await RawHost.connect(daemon.url);
    using bare = await RawHost.connect(echo.line);
    using _core = onOneCore([daemon.child.pid, echo.pid]);
    const { ours, limit } = await inTurns(ROUNDS, {
      limit: () => medianTimeMs(CALLS, () => bare.exchange(FRAME)),
      ours: () => medianTimeMs(CALLS, () => host.exchange(FRAME)),
    });
    return { ours, limit, peer: null };
  },
};
