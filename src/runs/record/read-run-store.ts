// Runs and sessions as a journal on the disk holds them, for whoever asks while no daemon serves it.
import { join } from "node:path";
import { readJournalDatabase } from "../../journal/read-database.ts";
import { RunStore } from "./run-store.ts";

/** Undefined where there is no journal yet. Throws CodedError for one that cannot be read. */
export function readRunStore<Answer>(
  stateDir: string,
  read: (store: RunStore) => Answer,
): Answer | undefined {
  return readJournalDatabase(join(stateDir, "journal"), (db) => read(new RunStore(db)));
}
