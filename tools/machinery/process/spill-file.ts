// A file that takes the output that is too long for memory: appended in one place, read at any offset, removed at the end.
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

export class SpillFile {
  readonly #path: string;
  #writer: FileHandle | undefined;
  #length = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** One at a time. Rejects as the file system does; what was appended before stays readable. */
  async append(blocks: readonly Buffer[]): Promise<void> {
    this.#writer ??= await this.#create();
    const wanted = blocks.reduce((sum, block) => sum + block.length, 0);
    const { bytesWritten } = await this.#writer.writev(blocks, this.#length);
    if (bytesWritten < wanted)
      await this.#appendRest(
        Buffer.concat(blocks).subarray(bytesWritten),
        this.#length + bytesWritten,
      );
    this.#length += wanted;
  }

  /** The bytes from `offset` on, at most `maxBytes`, fewer at the end. */
  async read(offset: number, maxBytes: number): Promise<Buffer> {
    await using reader = await open(this.#path, "r");
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(maxBytes, this.#length - offset)));
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await reader.read(bytes, done, bytes.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  /** No more will be appended; reading goes on. */
  async finish(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  /** Never rejects: what cannot be removed now is removed at the next start of the daemon. */
  async remove(): Promise<void> {
    await this.finish().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  async #appendRest(rest: Buffer, position: number): Promise<void> {
    for (let done = 0; done < rest.length;) {
      const { bytesWritten } = (await this.#writer?.write(
        rest,
        done,
        rest.length - done,
        position + done,
      )) ?? {
        bytesWritten: rest.length,
      };
      done += bytesWritten;
    }
  }

  async #create(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    return open(this.#path, "w", 0o600);
  }
}

/** Removes what a predecessor on the same directory wrote: nobody can ask for it any more. */
export async function removeForeignSpills(
  directory: string,
  kept: readonly { readonly id: string }[],
): Promise<void> {
  const ids = new Set(kept.map(({ id }) => id));
  for (const name of await readdir(directory).catch(() => [])) {
    const [id = ""] = name.split(".");
    if (id.startsWith("proc_") && !ids.has(id)) await rm(join(directory, name), { force: true });
  }
}
