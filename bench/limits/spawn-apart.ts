// Asks the spawner how long a command takes.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { SpawnOrder } from "./spawner.ts";

export class BareSpawner implements Disposable {
  readonly #process: ChildProcess = fork(join(import.meta.dirname, "spawner.ts"));

  /** The median of `count` times, one after the other. */
  async medianMs(order: SpawnOrder): Promise<number> {
    this.#process.send(order);
    const [ms] = (await once(this.#process, "message")) as [number];
    return ms;
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }
}
