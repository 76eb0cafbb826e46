// The spawner that is in use: started when it is first needed, and anew when it has ended.
import { findSpawnerProgram } from "./spawner-program.ts";
import { Spawner } from "./spawner.ts";

export class SpawnerSupply {
  readonly #program: string | undefined;
  #spawner: Spawner | undefined;

  /** Absent: the program that was built; empty: none. */
  constructor(program = findSpawnerProgram()) {
    this.#program = program === "" ? undefined : program;
  }

  /** False where programs are started by Node itself. */
  get isUsed(): boolean {
    return this.#program !== undefined;
  }

  take(): Spawner | undefined {
    if (this.#program === undefined || this.#spawner?.isAlive) return this.#spawner;
    this.#spawner = new Spawner(this.#program);
    return this.#spawner;
  }

  close(): void {
    this.#spawner?.close();
  }
}
