// Input that comes while an agent works: given to the turn that runs, or kept for one of its own when none does.
import { setImmediate } from "node:timers/promises";
import type { Prompt } from "./content.ts";
import type { InputQueue } from "./input-queue.ts";

export class Steering {
  /** Gives input to the running turn; rejects when it takes none. */
  give: ((prompt: Prompt) => Promise<void>) | null = null;
  readonly #queue: InputQueue;
  readonly #relayed: Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #kept: Prompt[] = [];

  constructor(queue: InputQueue) {
    this.#queue = queue;
    this.#relayed = this.#relay();
  }

  /** After a turn: the input that no turn has taken. Null: there is none, and the queue takes no more. */
  async rest(): Promise<Prompt | null> {
    this.give = null;
    await setImmediate(); // what the queue has handed out has now come here
    await Promise.all(this.#underWay);
    const rest = [...this.#kept.splice(0), ...this.#queue.drain()].flat();
    if (rest.length > 0) return rest;
    this.#queue.close();
    return null;
  }

  async close(): Promise<void> {
    this.give = null;
    this.#queue.close();
    await this.#relayed;
    await Promise.all(this.#underWay);
  }

  async #relay(): Promise<void> {
    for await (const prompt of this.#queue) {
      const giving = this.#giveOrKeep(prompt);
      this.#underWay.add(giving);
      void giving.then(() => this.#underWay.delete(giving));
    }
  }

  async #giveOrKeep(prompt: Prompt): Promise<void> {
    try {
      if (!this.give) throw new Error("No turn is running");
      await this.give(prompt);
    } catch {
      this.#kept.push(prompt);
    }
  }
}
