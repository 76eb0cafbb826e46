// A folder as a tar stream, one entry after the other, so that memory does not grow with the folder and leaving it closes every file.
import { CodedError } from "../../../tools/coded-error.ts";
import type { Stats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, toCodedError } from "../../../tools/machinery/files/errno.ts";
import { openFile } from "../../../tools/machinery/files/open-file.ts";
import { walk } from "../../../tools/machinery/files/walk.ts";

const BLOCK_BYTES = 512;
const CHUNK_BYTES = 64 * 1024;

/**
 * The tar archive of what is in `folder`: files, directories and symlinks with mode, owner and time. Pipes, sockets and devices are left out.
 * What vanishes before it is read is left out too; a file that may not be read, or becomes shorter meanwhile, ends the stream with an error.
 */
export async function* packFolder(folder: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const { path } of walk(folder, { depth: Infinity, signal, mustReadAll: true })) {
    try {
      yield* packEntry(folder, path);
    } catch (error) {
      if (error instanceof Vanished) continue;
      throw toCodedError(error, "archive", join(folder, path));
    }
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

/** Thrown only before the entry's header was given out. */
class Vanished extends Error {}

async function* packEntry(folder: string, path: string): AsyncGenerator<Uint8Array> {
  const absolute = join(folder, path);
  const stats = await unlessVanished(() => lstat(absolute));
  if (stats.isDirectory()) yield* header(`${path}/`, stats, "Directory");
  else if (stats.isSymbolicLink())
    yield* header(path, stats, "SymbolicLink", await unlessVanished(() => readlink(absolute)));
  else if (stats.isFile()) yield* packFile(absolute, path);
}

async function* packFile(absolute: string, path: string): AsyncGenerator<Uint8Array> {
  const { handle } = await unlessVanished(() => openFile(absolute));
  await using _ = handle;
  const stats = await handle.stat();
  yield* header(path, stats, "File");
  let position = 0;
  while (position < stats.size) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, stats.size - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0)
      throw new CodedError(
        "changed_meanwhile",
        `${absolute} became shorter while it was being sent`,
      );
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
  const padding = -stats.size & (BLOCK_BYTES - 1);
  if (padding > 0) yield Buffer.alloc(padding);
}

async function* header(
  path: string,
  stats: Stats,
  type: "File" | "Directory" | "SymbolicLink",
  linkpath?: string,
): AsyncGenerator<Uint8Array> {
  const { Header, Pax } = await import("tar");
  const { uid, gid, mtime } = stats;
  const fields = {
    path,
    uid,
    gid,
    mtime,
    size: type === "File" ? stats.size : 0,
    ...(linkpath !== undefined && { linkpath }),
  };
  const head = new Header({ ...fields, type, mode: stats.mode & 0o7777 });
  const needsPax = head.encode();
  if (needsPax) yield new Pax(fields).encode();
  if (head.block) yield head.block;
}

async function unlessVanished<Found>(find: () => Promise<Found>): Promise<Found> {
  try {
    return await find();
  } catch (error) {
    const isGone =
      errnoOf(error) === "ENOENT" ||
      (error instanceof CodedError && ["not_found", "not_a_file"].includes(error.code));
    throw isGone ? new Vanished("It is gone", { cause: error }) : error;
  }
}
