// Walking a directory in a stable order, so that an answer can be cut and gone on with later.
import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../tool.ts";
import { answeringErrno, errnoOf } from "./errno.ts";

const MAX_DIRECTORY_ENTRIES = 100_000;

export interface WalkedEntry {
  /** Relative to where the walk began, with slashes. */
  readonly path: string;
  readonly entry: Dirent;
}

/**
 * Every entry below `directory`, each directory before what is in it, siblings in the order of their code units.
 * `depth` 1 is the directory's own entries. Symlinks are told, not followed. `after` leaves out that path and all before it.
 */
export async function* walk(directory: string, depth: number, signal: AbortSignal, after?: string): AsyncGenerator<WalkedEntry> {
  yield* walkBelow(directory, "", depth, signal, after?.split("/"));
}

async function* walkBelow(
  directory: string,
  prefix: string,
  depth: number,
  signal: AbortSignal,
  after: readonly string[] = [],
): AsyncGenerator<WalkedEntry> {
  const [skipTo, ...skipBelow] = after;
  for (const entry of await entriesOf(directory, prefix !== "", signal)) {
    if (skipTo !== undefined && entry.name < skipTo) continue;
    const path = prefix + entry.name;
    const isSkipTo = entry.name === skipTo;
    if (!isSkipTo) yield { path, entry };
    if (entry.isDirectory() && depth > 1) {
      yield* walkBelow(join(directory, entry.name), `${path}/`, depth - 1, signal, isSkipTo ? skipBelow : []);
    }
  }
}

/** A subdirectory that vanishes or may not be read is passed over; the directory that was asked for is not. */
async function entriesOf(directory: string, isBelow: boolean, signal: AbortSignal): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await answeringErrno("list", directory, () => opendir(directory))) {
      signal.throwIfAborted();
      if (entries.push(entry) > MAX_DIRECTORY_ENTRIES) throw tooMany(directory);
    }
  } catch (error) {
    if (!isBelow || (errnoOf(error) === undefined && !isPassedOver(error))) throw error;
  }
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function isPassedOver(error: unknown): boolean {
  return error instanceof ToolError && ["not_found", "not_a_directory", "permission_denied"].includes(error.code);
}

function tooMany(directory: string): ToolError {
  return new ToolError("too_large", `${directory} has more than ${MAX_DIRECTORY_ENTRIES} entries; use fs_glob with a pattern`);
}
