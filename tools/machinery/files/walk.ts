// Walking a directory in a stable order, so that an answer can be cut and gone on with later.
import { CodedError } from "../../coded-error.ts";
import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, toCodedError } from "./errno.ts";

const MAX_DIRECTORY_ENTRIES = 100_000;

export interface WalkedEntry {
  /** Relative to where the walk began, with slashes. */
  readonly path: string;
  readonly entry: Dirent;
}

export interface WalkOptions {
  /** 1: the directory's own entries. */
  readonly depth: number;
  readonly signal: AbortSignal;
  /** Leaves out that path and all before it. */
  readonly after?: string | undefined;
  /** A subdirectory that may not be read is an error; otherwise what is in it is passed over. */
  readonly mustReadAll?: boolean;
}

/**
 * Every entry below `directory`, each directory before what is in it, siblings in the order of their code units.
 * Symlinks are told, not followed; what vanishes meanwhile is passed over. Throws CodedError as opening the directory does.
 */
export async function* walk(directory: string, options: WalkOptions): AsyncGenerator<WalkedEntry> {
  yield* walkBelow(directory, "", options, options.after?.split("/") ?? []);
}

async function* walkBelow(
  directory: string,
  prefix: string,
  options: WalkOptions,
  [skipTo, ...skipBelow]: readonly string[],
): AsyncGenerator<WalkedEntry> {
  const depth = prefix.split("/").length;
  for (const entry of await entriesOf(directory, prefix, options)) {
    if (skipTo !== undefined && entry.name < skipTo) continue;
    const path = prefix + entry.name;
    const isSkipTo = entry.name === skipTo;
    if (!isSkipTo) yield { path, entry };
    if (entry.isDirectory() && depth < options.depth) {
      yield* walkBelow(join(directory, entry.name), `${path}/`, options, isSkipTo ? skipBelow : []);
    }
  }
}

async function entriesOf(
  directory: string,
  prefix: string,
  { signal, mustReadAll = false }: WalkOptions,
): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(directory)) {
      signal.throwIfAborted();
      if (entries.push(entry) > MAX_DIRECTORY_ENTRIES) throw tooMany(directory);
    }
  } catch (error) {
    const isBelow = prefix !== "";
    const passedOver = mustReadAll ? ["ENOENT", "ENOTDIR"] : ["ENOENT", "ENOTDIR", "EACCES"];
    if (!isBelow || !passedOver.includes(errnoOf(error) ?? ""))
      throw toCodedError(error, "list", directory);
  }
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function tooMany(directory: string): CodedError {
  return new CodedError(
    "too_large",
    `${directory} has more than ${MAX_DIRECTORY_ENTRIES} entries; use fs_glob with a pattern`,
  );
}
