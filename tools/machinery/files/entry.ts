// One entry of the file system, as the file tools tell it.
import { CodedError } from "../../coded-error.ts";
import type { Dirent, Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { z } from "zod";
import { answeringErrno } from "./errno.ts";

export const EntryType = z
  .enum(["file", "directory", "symlink", "other"])
  .describe("`other`: a pipe, a socket or a device.");
export type EntryType = z.output<typeof EntryType>;

export function entryTypeOf(
  entry: Pick<Stats | Dirent, "isFile" | "isDirectory" | "isSymbolicLink">,
): EntryType {
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isDirectory()) return "directory";
  return entry.isFile() ? "file" : "other";
}

/** Permission bits in octal: `0644`. */
export function modeOf({ mode }: Pick<Stats, "mode">): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** What a path leads to. Throws CodedError: `not_found`, `not_a_file` for a pipe, a socket or a device. */
export async function searchableType(path: string): Promise<EntryType> {
  const type = entryTypeOf(await answeringErrno("find", path, () => stat(path)));
  if (type !== "other") return type;
  throw new CodedError(
    "not_a_file",
    `${path} is a pipe, a socket or a device, and a file or a directory was wanted`,
    { data: { path } },
  );
}

/** Throws CodedError: `not_found`, `not_a_directory`. */
export async function refuseNonDirectory(path: string): Promise<void> {
  if ((await searchableType(path)) === "directory") return;
  throw new CodedError(
    "not_a_directory",
    `${path} is not a directory, and a directory was wanted`,
    {
      data: { path },
    },
  );
}
