// What moving and copying have in common: which places may be left and which may be taken.
import { CodedError } from "../../coded-error.ts";
import type { CopyOptions, Stats } from "node:fs";
import { cp, lstat, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { PathPolicy } from "../../path-policy.ts";
import { isRoot } from "../../paths.ts";
import { errnoOf } from "./errno.ts";
import { makeDirectory } from "./make-directory.ts";

/** Throws CodedError `path_not_allowed` for `/` and the allowed directories themselves. */
export async function refuseRoot(
  path: string,
  paths: PathPolicy,
  action: "remove" | "move",
): Promise<void> {
  if (!(await isRoot(path, paths))) return;
  throw new CodedError(
    "path_not_allowed",
    `Will not ${action} ${path}: it is the box's root or an allowed directory; name what is in it`,
    {
      data: { path },
    },
  );
}

/**
 * Sees to it that `from` is there and `to` can be taken, and makes the parents of `to`. Answers whether something is there to be replaced.
 * Throws CodedError `already_exists` unless that is a file that may be overwritten.
 */
export async function prepareDestination(
  from: string,
  to: string,
  overwrite: boolean,
): Promise<{ replaces: boolean }> {
  await lstat(from);
  const found = await lstatIfThere(to);
  if (found && (!overwrite || found.isDirectory())) {
    const kind = found.isDirectory()
      ? "a directory is there, which is never overwritten"
      : "something is there; set `overwrite` to replace it";
    throw new CodedError("already_exists", `Cannot put anything at ${to}: ${kind}`, {
      data: { path: to },
    });
  }
  await makeDirectory(dirname(to));
  return { replaces: found !== undefined };
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export interface CopyTreeOptions {
  readonly signal: AbortSignal;
  /** Something is at `to`, which a copy that fails must not remove. */
  readonly replaces: boolean;
  readonly preserveTimestamps?: boolean;
}

/**
 * Copies a file or a tree, symlinks in it as they are, and answers with how many entries; a copy that fails or is aborted is removed again.
 * Throws CodedError `not_supported` for pipes and devices.
 */
export async function copyTree(
  from: string,
  to: string,
  options: CopyTreeOptions,
): Promise<number> {
  let entries = 0;
  const filter: CopyOptions["filter"] = () => {
    options.signal.throwIfAborted();
    entries++;
    return true;
  };
  try {
    await cp(from, to, {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: options.preserveTimestamps ?? false,
      filter,
    });
    return entries;
  } catch (error) {
    if (!options.replaces) await rm(to, { recursive: true, force: true });
    if (!errnoOf(error)?.startsWith("ERR_FS_CP")) throw error;
    throw new CodedError(
      "not_supported",
      `Cannot copy ${from} to ${to}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
