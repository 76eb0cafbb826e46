// Opening a regular file for reading, with what is known of it at that moment.
import { CodedError } from "../../coded-error.ts";
import { constants, type BigIntStats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { answeringErrno } from "./errno.ts";

/** An open file. `handle` is disposable: hold it with `await using`. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

/** Throws CodedError: `not_found`, `is_a_directory`, `not_a_file` (a pipe, a socket, a device), `permission_denied`. */
export async function openFile(path: string): Promise<OpenFile> {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
  const handle = await answeringErrno("open", path, () =>
    open(path, constants.O_RDONLY | constants.O_NONBLOCK),
  );
  try {
    const stats = await handle.stat({ bigint: true });
    refuseIrregular(stats, path);
    return { handle, stats };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws CodedError `is_a_directory` or `not_a_file` for anything but a regular file. */
export function refuseIrregular(stats: BigIntStats, path: string): void {
  if (stats.isDirectory())
    throw new CodedError("is_a_directory", `${path} is a directory, and a file was wanted`, {
      data: { path },
    });
  if (!stats.isFile()) {
    throw new CodedError(
      "not_a_file",
      `${path} is a pipe, a socket or a device, and a regular file was wanted`,
      { data: { path } },
    );
  }
}
