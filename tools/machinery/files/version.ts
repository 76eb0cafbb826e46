// The version token of a file: equal as long as the content is, and never equal for two contents.
import { CodedError } from "../../coded-error.ts";
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** Files up to this size are told apart by their content; larger ones by size, time and inode, which need no reading. */
const HASHED_MAX_BYTES = 1024 * 1024;

/** The version of an open regular file. */
export async function versionOf(handle: FileHandle, stats?: BigIntStats): Promise<string> {
  const { size, mtimeNs, ino } = stats ?? (await handle.stat({ bigint: true }));
  if (size > HASHED_MAX_BYTES)
    return `s${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`;
  const bytes = Buffer.allocUnsafe(Number(size));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return `h${createHash("sha256").update(bytes.subarray(0, filled)).digest("base64url").slice(0, 22)}`;
}

/** Throws CodedError `version_conflict` unless the file, which is gone when `actual` is null, is at the version that was expected. */
export function refuseOtherVersion(path: string, expected: string, actual: string | null): void {
  if (actual === expected) return;
  const now =
    actual === null ? "there is no such file now" : `it is at version ${actual} now; read it again`;
  throw new CodedError(
    "version_conflict",
    `${path} was wanted at version ${expected}, but ${now}`,
    {
      data: { path, expectedVersion: expected, actualVersion: actual },
    },
  );
}
