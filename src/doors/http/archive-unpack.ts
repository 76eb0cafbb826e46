// A tar stream, gzipped or not, unpacked into a folder and nowhere else.
import { CodedError } from "../../../tools/coded-error.ts";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { ReadEntry, Unpack } from "tar";
import { answeringErrno, errnoOf } from "../../../tools/machinery/files/errno.ts";
import { makeDirectory } from "../../../tools/machinery/files/make-directory.ts";
import { whyRefused } from "./archive-entry.ts";

const MAX_SKIPPED_TOLD = 100;

export interface Unpacked {
  /** Files, directories and links that were unpacked. */
  readonly entries: number;
  readonly bytes: number;
  /** How many entries were not unpacked, and of the first hundred which and why. */
  readonly skippedEntries: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Makes the folder if need be; what it holds already stays unless an entry replaces it. Owners in the archive are not taken over.
 * Throws CodedError `invalid_archive` or `disk_full`, and what `archive` throws: what came before stays unpacked, as `data` says.
 */
export async function unpackInto(
  folder: string,
  archive: AsyncIterable<Uint8Array>,
): Promise<Unpacked> {
  await answeringErrno("make directory", folder, () => makeDirectory(folder));
  const tar = await import("tar");
  const tally = new Tally();
  const unpack = new tar.Unpack({
    cwd: folder,
    preserveOwner: false,
    chmod: true,
    filter: (path, entry) => tally.accept(path, entry as ReadEntry),
    onwarn: (code, message, { entry }) => tally.warn(code, message, entry as ReadEntry | undefined),
  });
  unpack.on("error", (error) => (tally.failure ??= error));
  try {
    await feed(unpack, archive, tally);
  } finally {
    // Also ends the entry that a broken archive or connection left half written, and closes its file.
    unpack.end();
  }
  return tally.result();
}

async function feed(
  unpack: Unpack,
  archive: AsyncIterable<Uint8Array>,
  tally: Tally,
): Promise<void> {
  const failed = new Promise<void>((resolve) => unpack.once("error", () => resolve()));
  const next = (event: "drain" | "finish"): Promise<void> =>
    Promise.race([new Promise<void>((resolve) => unpack.once(event, () => resolve())), failed]);
  const consume = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of source) {
      if (!unpack.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
        await next("drain");
      tally.refuseFailure();
    }
    const finished = next("finish");
    unpack.end();
    await finished;
    tally.refuseFailure();
  };
  const { isGzip, chunks } = await peek(archive);
  try {
    await (isGzip ? pipeline(chunks, createGunzip(), consume) : pipeline(chunks, consume));
  } catch (error) {
    if (!errnoOf(error)?.startsWith("Z_")) throw error;
    throw tally.invalid(`its gzip stream is damaged (${String(errnoOf(error))})`, error);
  }
}

/** Unpacked here and not by tar, which would hold all that one chunk expands to. */
async function peek(
  archive: AsyncIterable<Uint8Array>,
): Promise<{ isGzip: boolean; chunks: AsyncIterable<Uint8Array> }> {
  const source = archive[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { done, value } = await source.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield head;
    for (let next = await source.next(); next.done !== true; next = await source.next())
      yield next.value;
  }
  return { isGzip: head[0] === 0x1f && head[1] === 0x8b, chunks: chunks() };
}

/** What became of the entries so far. */
class Tally {
  failure: Error | undefined;
  #entries = 0;
  #bytes = 0;
  #skippedEntries = 0;
  readonly #skipped: { path: string; reason: string }[] = [];

  accept(path: string, entry: ReadEntry): boolean {
    const reason = whyRefused(path, entry);
    if (reason === undefined) this.#count(entry, 1);
    else this.#skip(path, reason);
    return reason === undefined;
  }

  warn(code: string, message: string | Error, entry: ReadEntry | undefined): void {
    if (errnoOf(message) === "ENOSPC" || code === "ENOSPC")
      this.failure ??= new CodedError("disk_full", "No space is left to unpack into");
    if (!entry || code === "TAR_ENTRY_INFO") return;
    this.#count(entry, -1);
    this.#skip(entry.path, message instanceof Error ? message.message : message);
  }

  refuseFailure(): void {
    if (this.failure instanceof CodedError)
      throw new CodedError(this.failure.code, this.failure.message, { data: { ...this.result() } });
    if (this.failure) throw this.invalid(this.failure.message, this.failure);
  }

  invalid(why: string, cause: unknown): CodedError {
    return new CodedError(
      "invalid_archive",
      `The body is not a whole tar archive, plain or gzipped: ${why}`,
      {
        data: { ...this.result() },
        cause,
      },
    );
  }

  result(): Unpacked {
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      skippedEntries: this.#skippedEntries,
      skipped: this.#skipped,
    };
  }

  #count(entry: ReadEntry, sign: 1 | -1): void {
    this.#entries += sign;
    this.#bytes += sign * entry.size;
  }

  #skip(path: string, reason: string): void {
    this.#skippedEntries++;
    if (this.#skipped.length < MAX_SKIPPED_TOLD) this.#skipped.push({ path, reason });
  }
}
