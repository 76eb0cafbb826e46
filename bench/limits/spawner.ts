// Bare spawn in a process of its own, of about the daemon's size: what a fork costs grows with the memory of who forks, and the bench has more.
import { medianTimeMs } from "../rounds.ts";
import { bareSpawn } from "./spawn.ts";

export interface SpawnOrder {
  readonly command: string;
  readonly count: number;
}

process.on("message", ({ command, count }: SpawnOrder) => {
  void medianTimeMs(count, () => bareSpawn(command)).then((ms) => process.send?.(ms));
});
