// What each owner's processes have cost together, the ended ones included, and how certain it is that they are gone.
import type { ContainmentLevel, ResourceUse } from "../../process.ts";

/** Owners remembered after their last process ended; the oldest is forgotten first. */
const MAX_OWNERS = 2_000;

interface Entry {
  use: ResourceUse;
  level: ContainmentLevel;
}

export class OwnerLedger {
  readonly #entries = new Map<string, Entry>();

  /** Adds the last reading of a process that has ended. */
  close(owner: string, use: ResourceUse, level: ContainmentLevel): void {
    const entry = this.#entryOf(owner);
    entry.use = add(entry.use, use);
    entry.level = leastCertain([entry.level, level]);
  }

  /** Notes how much memory the owner's live processes take together at this moment. */
  notePresentMemory(owner: string, bytes: number): void {
    const entry = this.#entryOf(owner);
    entry.use = { ...entry.use, peakMemoryBytes: Math.max(entry.use.peakMemoryBytes ?? 0, bytes) };
  }

  /** The sum of what has ended and `live`. */
  total(owner: string, live: readonly ResourceUse[]): ResourceUse {
    return live.reduce(
      add,
      this.#entries.get(owner)?.use ?? { cpuMs: null, peakMemoryBytes: null },
    );
  }

  /** Of the processes that have ended; `ifNone` when none has. */
  levelOf(owner: string, ifNone: ContainmentLevel): ContainmentLevel {
    return this.#entries.get(owner)?.level ?? ifNone;
  }

  #entryOf(owner: string): Entry {
    const entry = this.#entries.get(owner) ?? {
      use: { cpuMs: null, peakMemoryBytes: null },
      level: "cgroup",
    };
    this.#entries.delete(owner);
    this.#entries.set(owner, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_OWNERS && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }
}

/** Times add up; of peaks only the highest is certain, for they need not have been at the same moment. */
function add(one: ResourceUse, other: ResourceUse): ResourceUse {
  return {
    cpuMs: combine(one.cpuMs, other.cpuMs, (a, b) => a + b),
    peakMemoryBytes: combine(one.peakMemoryBytes, other.peakMemoryBytes, Math.max),
  };
}

function combine(
  one: number | null,
  other: number | null,
  join: (a: number, b: number) => number,
): number | null {
  return one === null || other === null ? (one ?? other) : join(one, other);
}

const LEVELS: readonly ContainmentLevel[] = ["cgroup", "subreaper", "marker", "group"];

export function leastCertain(levels: readonly ContainmentLevel[]): ContainmentLevel {
  return LEVELS[Math.max(0, ...levels.map((level) => LEVELS.indexOf(level)))] ?? "group";
}
