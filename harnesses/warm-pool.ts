// What outlives a run: agent programs and servers kept warm, leased by one run after another, closed when idle or at shutdown.

/** Something worth keeping. `close` ends it and everything under it; it may be called on one that has already died. */
export interface Warm {
  /** False once it can no longer serve; it is then replaced instead of leased. */
  readonly alive: boolean;
  close(): Promise<void>;
}

export interface Lease<Kept extends Warm> {
  readonly value: Kept;
  /** False when it was there already. */
  readonly fresh: boolean;
  /** Gives it back, to be kept; the last call of a run, unless `discard` was. */
  release(): void;
  /** Gives it back to be closed at once: it is not to be trusted any more. */
  discard(): Promise<void>;
}

interface Entry {
  readonly value: Promise<Warm>;
  leases: number;
  idleTimer: NodeJS.Timeout | undefined;
}

export interface WarmPoolLimits {
  /** How long something is kept that no run leases. */
  readonly idleMs: number;
  /** How many are kept; beyond it the longest idle one is closed. */
  readonly maxKept: number;
}

export class WarmPool {
  readonly #limits: WarmPoolLimits;
  readonly #entries = new Map<string, Entry>();

  constructor(limits: WarmPoolLimits) {
    this.#limits = limits;
  }

  /** Leases what is kept under `key`, or what `create` makes. Rejects as `create` does, and keeps nothing then. */
  async lease<Kept extends Warm>(key: string, create: () => Promise<Kept>): Promise<Lease<Kept>> {
    const kept = this.#entries.get(key);
    const alive = kept !== undefined && (await this.#stillAlive(key, kept));
    const entry = alive ? kept : (this.#entries.get(key) ?? this.#add(key, create()));
    entry.leases++;
    clearTimeout(entry.idleTimer);
    try {
      const value = (await entry.value) as Kept;
      return {
        value,
        fresh: !alive,
        release: () => this.#release(key, entry),
        discard: () => this.#close(key, entry),
      };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Closes one that is kept, leased or not; nothing happens when there is none. */
  async close(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry) await this.#close(key, entry);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((key) => this.close(key)));
  }

  #add(key: string, value: Promise<Warm>): Entry {
    const entry: Entry = { value, leases: 0, idleTimer: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  async #stillAlive(key: string, entry: Entry): Promise<boolean> {
    const value = await entry.value.catch(() => undefined);
    if (value?.alive) return this.#entries.get(key) === entry;
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    await closeAtLast(value);
    return false;
  }

  #release(key: string, entry: Entry): void {
    if (--entry.leases > 0 || this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry); // the longest idle one stands first
    entry.idleTimer = setTimeout(() => void this.#close(key, entry), this.#limits.idleMs).unref();
    const idle = [...this.#entries].filter(([, each]) => each.leases === 0);
    for (const [oldKey, old] of idle.slice(
      0,
      Math.max(0, this.#entries.size - this.#limits.maxKept),
    ))
      void this.#close(oldKey, old);
  }

  async #close(key: string, entry: Entry): Promise<void> {
    clearTimeout(entry.idleTimer);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    const value = await entry.value.catch(() => undefined);
    await closeAtLast(value);
  }
}

/** Often nobody is left to hear that it failed; what it leaves running ends with its owner. */
async function closeAtLast(value: Warm | undefined): Promise<void> {
  await value?.close().catch(() => undefined);
}
