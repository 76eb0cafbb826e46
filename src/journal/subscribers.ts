// Who has said how far they have safely read; what comes after the lowest of them is kept.
import type { DatabaseSync } from "node:sqlite";
import type { Work } from "./group-commit.ts";
import { CodedError } from "../../tools/coded-error.ts";

const MAX_SUBSCRIBERS = 1_000;

export interface Subscriber {
  readonly name: string;
  readonly acknowledgedSeq: number;
}

/** Held in memory; each change goes to the database with the next commit. */
export class Subscribers {
  readonly #acknowledged = new Map<string, number>();
  readonly #unsaved = new Set<string>();
  readonly #writeAlongside: (work: Work) => void;

  constructor(db: DatabaseSync, writeAlongside: (work: Work) => void) {
    this.#writeAlongside = writeAlongside;
    for (const row of db.prepare("SELECT name, acknowledged_seq FROM subscribers").all()) {
      this.#acknowledged.set(String(row["name"]), Number(row["acknowledged_seq"]));
    }
  }

  get count(): number {
    return this.#acknowledged.size;
  }

  has(name: string): boolean {
    return this.#acknowledged.has(name);
  }

  /** Adds a subscriber or moves it on, never back; where it then stands. */
  acknowledge(name: string, seq: number): number {
    const before = this.#acknowledged.get(name);
    if (before !== undefined && before >= seq) return before;
    if (before === undefined && this.#acknowledged.size >= MAX_SUBSCRIBERS) {
      const message = `The journal keeps facts for ${MAX_SUBSCRIBERS} subscribers already. Forget one (events_forget) before adding "${name}".`;
      throw new CodedError("too_many_subscribers", message);
    }
    this.#acknowledged.set(name, seq);
    this.#save(name);
    return seq;
  }

  remove(name: string): boolean {
    const removed = this.#acknowledged.delete(name);
    if (removed) this.#save(name);
    return removed;
  }

  /** The one that holds the most; null when there is none. */
  lowest(): Subscriber | null {
    let lowest: Subscriber | null = null;
    for (const [name, acknowledgedSeq] of this.#acknowledged) {
      if (!lowest || acknowledgedSeq < lowest.acknowledgedSeq) lowest = { name, acknowledgedSeq };
    }
    return lowest;
  }

  /** Many changes before one commit are one write: of what then holds. */
  #save(name: string): void {
    if (this.#unsaved.has(name)) return;
    this.#unsaved.add(name);
    this.#writeAlongside((db) => {
      this.#unsaved.delete(name);
      const seq = this.#acknowledged.get(name);
      if (seq === undefined) db.prepare("DELETE FROM subscribers WHERE name = ?").run(name);
      else db.prepare("INSERT OR REPLACE INTO subscribers VALUES (?, ?)").run(name, seq);
    });
  }
}
