// Bench and servers on one processor: else the system's choice of who shares one decides what a round trip takes, by a factor of three.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Until it is disposed of. Without `taskset` all stays where the system puts it. */
export function onOneCore(pids: readonly number[]): Disposable {
  const pin = (pid: number, cores: string): unknown =>
    spawnSync("taskset", ["-acp", cores, String(pid)], { stdio: "ignore" });
  const last = availableParallelism() - 1;
  for (const pid of [process.pid, ...pids]) pin(pid, String(last));
  return { [Symbol.dispose]: () => void pin(process.pid, `0-${last}`) };
}
