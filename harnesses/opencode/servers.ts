// The box's server of OpenCode: one at a time, replaced when a run wants a model that it does not know, or when it has served long enough.
import type { HarnessContext } from "../harness.ts";
import type { Warm } from "../warm-pool.ts";
import { removeLeftovers } from "./installation.ts";
import type { KnownModel } from "./installation.ts";
import { OpenCodeServer } from "./server.ts";

/** It grows with what it has done; a new one starts with some 600 MB. */
const MAX_RUNS = 500;
const MAX_MEMORY_BYTES = 1536 * 1024 * 1024;

interface Kept {
  readonly server: OpenCodeServer;
  users: number;
  runs: number;
  isRetired: boolean;
}

/** A server in use by one run. */
export interface Held {
  readonly server: OpenCodeServer;
  /** `isSound`: it can serve further runs. */
  readonly release: (isSound: boolean) => Promise<void>;
}

export class OpenCodeServers implements Warm {
  /** Servers are replaced in here, so that this is never to be. */
  readonly alive = true;
  readonly #all = new Set<Kept>();
  readonly #models = new Map<string, KnownModel>();
  #current: Kept | undefined;
  #starting: Promise<unknown> = Promise.resolve();

  /** Removes what servers of an earlier daemon have left. */
  static async open(stateDir: string): Promise<OpenCodeServers> {
    await removeLeftovers(stateDir);
    return new OpenCodeServers();
  }

  /** A server that knows the model. The program reads its models at its start: a new one knows all that were asked for so far. */
  async hold(context: HarnessContext, model: KnownModel): Promise<Held> {
    const held = this.#starting.then(() => this.#hold(context, model));
    this.#starting = held.catch(() => {});
    return await held;
  }

  async close(): Promise<void> {
    await this.#starting;
    await Promise.all([...this.#all].map((kept) => this.#end(kept)));
  }

  async #hold(context: HarnessContext, model: KnownModel): Promise<Held> {
    context.signal.throwIfAborted();
    if (!this.#serves(model)) {
      await this.#retire(this.#current);
      this.#models.set(`${model.provider} ${model.model}`, model);
      this.#current = {
        server: await OpenCodeServer.start(context, [...this.#models.values()]),
        users: 0,
        runs: 0,
        isRetired: false,
      };
      this.#all.add(this.#current);
    }
    const kept = this.#current as Kept;
    kept.users++;
    kept.runs++;
    await kept.server.directories.enter(context.cwd);
    return { server: kept.server, release: (isSound) => this.#release(kept, context.cwd, isSound) };
  }

  #serves(model: KnownModel): boolean {
    const kept = this.#current;
    return (
      kept !== undefined && kept.server.alive && kept.server.knows(model) && kept.runs < MAX_RUNS
    );
  }

  async #release(kept: Kept, directory: string, isSound: boolean): Promise<void> {
    await kept.server.directories.leave(directory);
    kept.users--;
    const isWorn = ((await kept.server.memoryBytes()) ?? 0) > MAX_MEMORY_BYTES;
    if (!isSound || isWorn || !kept.server.alive) await this.#retire(kept);
    else if (kept.isRetired && kept.users === 0) await this.#end(kept);
  }

  /** Takes no more runs; those that it has go on to their ends. */
  async #retire(kept: Kept | undefined): Promise<void> {
    if (!kept) return;
    kept.isRetired = true;
    if (this.#current === kept) this.#current = undefined;
    if (kept.users === 0) await this.#end(kept);
  }

  async #end(kept: Kept): Promise<void> {
    this.#all.delete(kept);
    if (this.#current === kept) this.#current = undefined;
    await kept.server.close();
  }
}
