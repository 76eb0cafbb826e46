// Idempotent starts: one key is one run, also for calls that come at the same moment.
import type { Run, RunRequest } from "../wire/methods.ts";
import { CodedError } from "../../tools/coded-error.ts";
import { fingerprintOf } from "./record/run-record.ts";
import type { RunStore } from "./record/run-store.ts";

export interface Started {
  readonly run: Run;
  readonly replayed: boolean;
}

export class StartOnce {
  readonly #store: RunStore;
  /** Starts under way, by key. */
  readonly #starting = new Map<string, Promise<Started>>();

  constructor(store: RunStore) {
    this.#store = store;
  }

  /** The run that the key stands for, or a new one that `take` makes. Throws CodedError `key_conflict` for a key that was used with other contents. */
  async start(
    request: RunRequest,
    take: (fingerprint: string) => Promise<Started>,
  ): Promise<Started> {
    const { key } = request;
    if (key === undefined) return take(fingerprintOf(request));
    for (let underWay = this.#starting.get(key); underWay; underWay = this.#starting.get(key))
      await underWay.catch(() => undefined);
    const fingerprint = fingerprintOf(request);
    const known = this.#store.findByKey(key);
    if (known) return replay(known, fingerprint, key);
    const starting = take(fingerprint);
    this.#starting.set(key, starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(key);
    }
  }
}

function replay(
  known: { run: Run; fingerprint: string },
  fingerprint: string,
  key: string,
): Started {
  if (known.fingerprint === fingerprint) return { run: known.run, replayed: true };
  const message = `The key "${key}" was used for run ${known.run.runId}, which was started with other contents`;
  throw new CodedError("key_conflict", message, { data: { runId: known.run.runId } });
}
