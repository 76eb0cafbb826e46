// The directories that a server works in. It keeps some 60 MB for each until told otherwise: a few that no run uses stay, for the next run's sake.
const MAX_IDLE = 3;

interface Entry {
  users: number;
  /** Settles when the server has forgotten it. */
  forgotten: Promise<void> | undefined;
}

export class Directories {
  readonly #forget: (directory: string) => Promise<void>;
  /** Those that no run uses stand in the order in which they were left. */
  readonly #entries = new Map<string, Entry>();

  /** `forget` tells the server to keep nothing more of a directory; it must not reject. */
  constructor(forget: (directory: string) => Promise<void>) {
    this.#forget = forget;
  }

  /** To be called before a run's first request about the directory. */
  async enter(directory: string): Promise<void> {
    for (
      let entry = this.#entries.get(directory);
      entry?.forgotten;
      entry = this.#entries.get(directory)
    )
      await entry.forgotten;
    const entry = this.#entries.get(directory) ?? { users: 0, forgotten: undefined };
    entry.users++;
    this.#entries.set(directory, entry);
  }

  /** To be called once for each `enter`. Resolves when what is too many has been forgotten. */
  async leave(directory: string): Promise<void> {
    const entry = this.#entries.get(directory);
    if (!entry || --entry.users > 0) return;
    this.#entries.delete(directory);
    this.#entries.set(directory, entry);
    const idle = [...this.#entries].filter(([, each]) => each.users === 0 && !each.forgotten);
    await Promise.all(
      idle
        .slice(0, Math.max(0, idle.length - MAX_IDLE))
        .map(([each, its]) => this.#remove(each, its)),
    );
  }

  async #remove(directory: string, entry: Entry): Promise<void> {
    entry.forgotten = this.#forget(directory).finally(() => this.#entries.delete(directory));
    await entry.forgotten;
  }
}
