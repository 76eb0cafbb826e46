// Bytes held in memory as a row of blocks, given up from the front.

/** Chunks shorter than this are copied together, or a program that prints byte by byte would cost hundreds of bytes for each. */
const SHORT_CHUNK_BYTES = 4_096;
const FILL_BLOCK_BYTES = 16_384;

export class ByteBlocks {
  #blocks: Buffer[] = [];
  /** The block that short chunks are copied into; a view of its used part is the last of the row. */
  #fill: Buffer | undefined;
  #filled = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes the chunk over: its memory is freed when it is dropped. */
  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (chunk.length < SHORT_CHUNK_BYTES) this.#copy(chunk);
    else this.#add(chunk);
  }

  /** The blocks as they are now, for writing to a file; nothing pushed later changes them. */
  snapshot(): Buffer[] {
    this.#fill = undefined;
    return this.#blocks.slice();
  }

  /** Gives up whole blocks from the front; answers how many bytes they held. */
  drop(blocks: readonly Buffer[]): number {
    this.#blocks.splice(0, blocks.length);
    const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
    for (const block of blocks) freeBytes(block);
    this.#length -= bytes;
    if (this.#blocks.length === 0) this.#fill = undefined;
    return bytes;
  }

  /** A copy of the bytes from `start` on, at most `maxBytes`. */
  read(start: number, maxBytes: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(maxBytes, this.#length - start)));
    let position = 0;
    let copied = 0;
    for (const block of this.#blocks) {
      if (copied === bytes.length) break;
      const skip = Math.max(0, start - position);
      if (skip < block.length) copied += block.copy(bytes, copied, skip);
      position += block.length;
    }
    return bytes;
  }

  #add(block: Buffer): void {
    this.#fill = undefined;
    this.#blocks.push(block);
  }

  #copy(chunk: Buffer): void {
    if (this.#fill === undefined || this.#filled + chunk.length > this.#fill.length) {
      this.#fill = Buffer.allocUnsafeSlow(FILL_BLOCK_BYTES);
      this.#filled = 0;
      this.#blocks.push(this.#fill.subarray(0, 0));
    }
    chunk.copy(this.#fill, this.#filled);
    this.#filled += chunk.length;
    this.#blocks[this.#blocks.length - 1] = this.#fill.subarray(0, this.#filled);
  }
}

/** Gives memory back at once. A flood would otherwise fill tens of MiB before the collector runs. */
export function freeBytes(chunk: Buffer): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0);
}
