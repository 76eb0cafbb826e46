// How fast a command's output reaches the host.
import { Harnessd } from "../../src/client/index.ts";
import { BuiltDaemon } from "../daemon.ts";
import { bareSpawn } from "../limits/spawn.ts";
import type { Measurement } from "../measurement.ts";
import { inTurns } from "../rounds.ts";

const ROUNDS = 3;
const MEGABYTES = 128;
const COMMAND = `head -c ${MEGABYTES * 1024 * 1024} /dev/zero`;

export const output: Measurement = {
  name: "output",
  what: "command output, to the host as it comes",
  unit: "MB/s",
  limitName: "bare spawn",
  aim: null,
  async measure() {
    await using daemon = await BuiltDaemon.start();
    await using box = await Harnessd.connect({ url: daemon.url });
    const { ours, limit } = await inTurns(ROUNDS, {
      limit: () => megabytesPerSecond(() => bareSpawn(COMMAND)),
      ours: () => megabytesPerSecond(() => throughDaemon(box)),
    });
    return { ours, limit, peer: null };
  },
};

async function throughDaemon(box: Harnessd): Promise<number> {
  let bytes = 0;
  await box.exec(COMMAND, { onStdout: (chunk) => void (bytes += chunk.length) });
  return bytes;
}

async function megabytesPerSecond(stream: () => Promise<number>): Promise<number> {
  const started = performance.now();
  const bytes = await stream();
  if (bytes !== MEGABYTES * 1024 * 1024) throw new Error(`${bytes} bytes came of ${MEGABYTES} MiB`);
  return (MEGABYTES * 1000) / (performance.now() - started);
}
