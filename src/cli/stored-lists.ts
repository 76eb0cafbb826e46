// Lists that outlive the daemon: asked of it page by page, or read from its journal on the disk where no daemon serves.
import { ConnectError, type Harnessd } from "../client/index.ts";
import { readRunStore } from "../runs/record/read-run-store.ts";
import type { RunStore } from "../runs/record/run-store.ts";
import { readConfig, readVariable } from "../settings/config.ts";
import { withDaemon } from "./connect.ts";
import type { Flags } from "./options.ts";

/** What the daemon gives in one page. */
const MAX_PAGE = 1000;

export interface StoredList<Item> {
  ask(
    box: Harnessd,
    page: { limit: number; pageToken?: string },
  ): Promise<{ readonly items: readonly Item[]; readonly nextPageToken: string | null }>;
  read(store: RunStore): readonly Item[];
}

/** Only a daemon that was not named by its address may be missing. */
export async function listFromDaemonOrDisk<Item>(
  flags: Flags,
  limit: number,
  list: StoredList<Item>,
): Promise<readonly Item[]> {
  const isNamed = (flags["url"] ?? readVariable("HARNESSD_URL")) !== undefined;
  try {
    return await withDaemon(flags, (box) => askAll(box, limit, list));
  } catch (error) {
    if (isNamed || !(error instanceof ConnectError && error.code === "unreachable")) throw error;
    return readRunStore(readConfig(flags).stateDir, (store) => list.read(store)) ?? [];
  }
}

async function askAll<Item>(
  box: Harnessd,
  limit: number,
  list: StoredList<Item>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let pageToken: string | undefined; found.length < limit;) {
    const page = {
      limit: Math.min(limit - found.length, MAX_PAGE),
      ...(pageToken && { pageToken }),
    };
    const { items, nextPageToken } = await list.ask(box, page);
    found.push(...items);
    if (nextPageToken === null) break;
    pageToken = nextPageToken;
  }
  return found;
}
