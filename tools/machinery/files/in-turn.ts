// One after the other: what is done to the same file by calls that run at once.

/** The last in line for each key; empty while nothing is going on. Kept here, since the files are the same whoever calls. */
const lastInLine = new Map<string, Promise<unknown>>();

/** Does `work` when all that came before it under the same key is done, well or badly. */
export async function inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = lastInLine.get(key) ?? Promise.resolve();
  const mine = before.then(work);
  const settled = mine.catch(() => undefined);
  lastInLine.set(key, settled);
  try {
    return await mine;
  } finally {
    if (lastInLine.get(key) === settled) lastInLine.delete(key);
  }
}
