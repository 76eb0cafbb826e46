// Values that must never leave the daemon: keys and tokens, replaced wherever text goes out.

const SHORTEST_SECRET = 8;
const REPLACEMENT = "[redacted]";

export class Secrets {
  readonly #values = new Set<string>();

  /** Values too short to be told from ordinary text are not taken. */
  add(value: string | undefined): void {
    if (value !== undefined && value.length >= SHORTEST_SECRET) this.#values.add(value);
  }

  /** `text` without any of the values; the very same string when there is none in it. */
  redact(text: string): string {
    let clean = text;
    for (const value of this.#values) {
      if (clean.includes(value)) clean = clean.replaceAll(value, REPLACEMENT);
    }
    return clean;
  }
}
