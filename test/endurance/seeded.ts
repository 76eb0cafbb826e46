// Chance that can be repeated: every draw follows from a seed, and the seed is printed.

/** Draws from a seed: `HARNESSD_SEED` where it is set, else a new one. The title and the seed are printed, so that a failure can be repeated. */
export class Chance {
  #state: number;

  constructor(title: string, seed = seedFromEnvironment()) {
    console.log(`${title}: HARNESSD_SEED=${seed}`);
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)] as Item;
  }
}

function seedFromEnvironment(): number {
  const given = Number(process.env["HARNESSD_SEED"]);
  return Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31);
}
