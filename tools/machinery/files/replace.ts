// Replacing a file's content as one step: a reader sees the old content or the new, never a part.
import { CodedError } from "../../coded-error.ts";
import { randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { copyFile, link, open, rename, rm, stat, utimes, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { answeringErrno, errnoOf } from "./errno.ts";
import { inTurn } from "./in-turn.ts";
import { makeDirectory } from "./make-directory.ts";
import { openFile, refuseIrregular } from "./open-file.ts";
import { refuseOtherVersion, versionOf } from "./version.ts";

export interface ReplaceOptions {
  /** Permission bits; absent: as before, or what the umask gives a new file. */
  readonly mode?: number | undefined;
  /** Replace only this version, as read and stat tell it. `*`: any version, but there must be one. */
  readonly expectedVersion?: string | undefined;
  /** Only if nothing is there. */
  readonly createOnly?: boolean | undefined;
}

export interface Replaced {
  readonly created: boolean;
  readonly version: string;
  readonly bytes: number;
}

/** Names of unfinished files begin and end so; one left by a crash may be removed by anybody. */
const TEMPORARY_PREFIX = ".harnessd-";
const TEMPORARY_SUFFIX = ".tmp";

/**
 * Puts what `fill` writes in the place of `target`, which must have no symlink left in it (`resolveTarget`).
 * Parents are made; mode, and for root the owner, are kept; other names of a hard-linked file keep the old content.
 * Throws CodedError, among others `version_conflict`, `already_exists`, `disk_full`; whatever `fill` throws leaves nothing behind.
 */
export async function replaceFile(
  target: string,
  fill: (handle: FileHandle) => Promise<void>,
  options: ReplaceOptions = {},
): Promise<Replaced> {
  return await answeringErrno("write", target, async () => {
    const before = await statIfThere(target);
    await refuseUnwanted(target, before, options);
    await makeDirectory(dirname(target));
    const temporary = join(
      dirname(target),
      `${TEMPORARY_PREFIX}${randomBytes(8).toString("hex")}${TEMPORARY_SUFFIX}`,
    );
    try {
      const replaced = await fillTemporary(temporary, fill, before, options);
      await inTurn(target, async () => {
        await refuseUnwanted(target, await statIfThere(target), options);
        await putInPlace(temporary, target, options.createOnly === true);
      });
      return { ...replaced, created: before === undefined };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function refuseUnwanted(
  target: string,
  found: BigIntStats | undefined,
  options: ReplaceOptions,
): Promise<void> {
  if (found) refuseIrregular(found, target);
  if (options.createOnly && found) {
    throw new CodedError(
      "already_exists",
      `${target} is there already, and only a new file was wanted`,
      { data: { path: target } },
    );
  }
  const expected = options.expectedVersion;
  if (expected === undefined || (expected === "*" && found)) return;
  refuseOtherVersion(target, expected, found ? await currentVersion(target) : null);
}

async function currentVersion(path: string): Promise<string> {
  const { handle, stats } = await openFile(path);
  await using _ = handle;
  return await versionOf(handle, stats);
}

async function fillTemporary(
  temporary: string,
  fill: (handle: FileHandle) => Promise<void>,
  before: BigIntStats | undefined,
  { mode }: ReplaceOptions,
): Promise<{ version: string; bytes: number }> {
  // A private file must not be readable by others while it is being written.
  await using handle = await open(temporary, "wx+", before || mode !== undefined ? 0o600 : 0o666);
  await fill(handle);
  if (before) await keepOwner(handle, before);
  const wantedMode = mode ?? (before ? Number(before.mode & 0o7777n) : undefined);
  if (wantedMode !== undefined) await handle.chmod(wantedMode);
  if (before) await moveTimeOn(temporary, handle, before);
  // The name must not come to stand for a file whose bytes a power cut can still lose.
  await handle.datasync();
  const stats = await handle.stat({ bigint: true });
  return { version: await versionOf(handle, stats), bytes: Number(stats.size) };
}

async function keepOwner(handle: FileHandle, { uid, gid }: BigIntStats): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await handle.chown(Number(uid), Number(gid));
}

/** Two writes can fall into one tick of the file system's clock; the later one must still be told apart by its time. */
async function moveTimeOn(path: string, handle: FileHandle, before: BigIntStats): Promise<void> {
  const { mtimeNs, mtimeMs } = await handle.stat({ bigint: true });
  if (mtimeNs > before.mtimeNs || mtimeMs < before.mtimeMs - 1000n) return;
  const seconds = Number(before.mtimeNs / 1000n + 10n) / 1e6;
  await utimes(path, seconds, seconds);
}

async function putInPlace(temporary: string, target: string, createOnly: boolean): Promise<void> {
  // Unlike a rename, a link refuses a target that came in the meantime.
  if (createOnly) await link(temporary, target);
  else await moveOver(temporary, target);
  await rm(temporary, { force: true });
}

async function moveOver(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    // A file that is itself a mount point (/etc/hosts in a container) cannot be replaced, only filled.
    if (errnoOf(error) !== "EBUSY") throw error;
    await copyFile(temporary, target);
  }
}
