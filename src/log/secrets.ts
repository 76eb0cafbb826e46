// Values that must never leave the daemon: keys and tokens, replaced wherever text goes out.

const SHORTEST_SECRET = 8;
/** Of the keys that runs bring; the longest unused is let go. */
const MOST_BORROWED = 200;
const REPLACEMENT = "[redacted]";

/** Values too short to be told from ordinary text are not taken. */
export class Secrets {
  readonly #own: readonly string[];
  readonly #borrowed = new Set<string>();

  constructor(own: Iterable<string> = []) {
    this.#own = [...own].filter(isLongEnough);
  }

  /** A key that a run has brought. */
  borrow(value: string | undefined): void {
    if (value === undefined || !isLongEnough(value)) return;
    this.#borrowed.delete(value);
    this.#borrowed.add(value);
    for (const oldest of this.#borrowed) {
      if (this.#borrowed.size <= MOST_BORROWED) return;
      this.#borrowed.delete(oldest);
    }
  }

  /** `text` without any of the values; the very same string when there is none in it. */
  redact(text: string): string {
    let clean = text;
    for (const values of [this.#own, this.#borrowed]) {
      for (const value of values)
        if (clean.includes(value)) clean = clean.replaceAll(value, REPLACEMENT);
    }
    return clean;
  }
}

function isLongEnough(value: string): boolean {
  return value.length >= SHORTEST_SECRET;
}
