// Everything that one stream printed, by absolute offset: in memory while short, in a spill file when long, counted when too long.
import { ByteBlocks, freeBytes } from "./byte-blocks.ts";
import type { ByteRecord, RecordSlice } from "../../process.ts";
import { SpillFile } from "./spill-file.ts";

/** What a stream may hold in memory before it goes to a file. */
export const MAX_BYTES_IN_MEMORY = 256 * 1024;
/** Writing lags behind reading by at most about this much; then the pipe waits for the disk. */
const MAX_UNWRITTEN_BYTES = 8 * 1024 * 1024;
/** One read answers with at most this much. */
const MAX_SLICE_BYTES = 16 * 1024 * 1024;

export interface RecordingOptions {
  readonly spillPath: string;
  readonly maxBytes: number;
  /** Called when the disk has caught up after `append` answered false. */
  readonly onCaughtUp?: (() => void) | undefined;
}

interface Waiter {
  readonly offset: number;
  readonly wake: () => void;
}

export class StreamRecord implements ByteRecord {
  readonly #options: RecordingOptions;
  readonly #blocks = new ByteBlocks();
  readonly #waiters = new Set<Waiter>();
  #file: SpillFile | undefined;
  #writing: Promise<void> | undefined;
  #isBehind = false;
  #bytesInFile = 0;
  #keptBytes = 0;
  #maxBytes: number;
  #totalBytes = 0;
  #ended = false;
  #removed = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get droppedBytes(): number {
    return this.#totalBytes - this.#keptBytes;
  }

  get bytesInMemory(): number {
    return this.#blocks.length;
  }

  get bytesInFile(): number {
    return this.#bytesInFile;
  }

  /** Takes over what the stream printed: the chunk must not be used afterwards. False asks to wait with more until `onCaughtUp`: the disk is slower than the stream. */
  append(chunk: Buffer): boolean {
    const kept = Math.min(chunk.length, this.#maxBytes - this.#keptBytes);
    this.#totalBytes += chunk.length;
    this.#keptBytes += kept;
    if (kept === chunk.length) this.#blocks.push(chunk);
    else if (kept > 0) this.#blocks.push(Buffer.from(chunk.subarray(0, kept)));
    if (kept < chunk.length) freeBytes(chunk);
    if (this.#file !== undefined || this.#blocks.length > MAX_BYTES_IN_MEMORY) this.#write();
    this.#wakeWaiters();
    this.#isBehind = this.#blocks.length > MAX_UNWRITTEN_BYTES;
    return !this.#isBehind;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#wakeWaiters();
    if (this.#file !== undefined) this.#write();
  }

  async read(offset: number, maxBytes: number): Promise<RecordSlice> {
    const start = Math.min(Math.max(0, offset), this.#totalBytes);
    const bytes =
      start < this.#keptBytes
        ? await this.#readKept(start, Math.min(maxBytes, MAX_SLICE_BYTES))
        : Buffer.alloc(0);
    const missingBytes =
      bytes.length === 0 && start >= this.#keptBytes ? this.#totalBytes - start : 0;
    const at = start + missingBytes;
    return {
      offset: at,
      bytes,
      missingBytes,
      ended: this.#ended && at + bytes.length >= this.#totalBytes,
    };
  }

  async waitPast(offset: number, signal: AbortSignal): Promise<void> {
    if (this.#totalBytes > offset || this.#ended || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { offset, wake: resolve };
    this.#waiters.add(waiter);
    const giveUp = (): void => resolve();
    signal.addEventListener("abort", giveUp, { once: true });
    await promise;
    this.#waiters.delete(waiter);
    signal.removeEventListener("abort", giveUp);
  }

  /** Moves what is in memory to the file, to make room. */
  async spill(): Promise<void> {
    this.#write();
    await this.#writing;
  }

  /** Gives up all that was kept; reading then finds everything missing. */
  async remove(): Promise<void> {
    this.#removed = true;
    this.#stopKeeping(0);
    await this.#writing;
    this.#blocks.drop(this.#blocks.snapshot());
    await this.#file?.remove();
  }

  /** The bytes may move from memory to the file between two pieces; each is taken from where it is then. */
  async #readKept(start: number, maxBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let length = 0;
    while (length < maxBytes && start + length < this.#keptBytes) {
      const piece = await this.#readPiece(start + length, maxBytes - length);
      if (piece.length === 0) break;
      pieces.push(piece);
      length += piece.length;
    }
    return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  }

  #readPiece(start: number, maxBytes: number): Buffer | Promise<Buffer> {
    const inFile = this.#bytesInFile;
    if (start >= inFile) return this.#blocks.read(start - inFile, maxBytes);
    return this.#readFile(start, Math.min(maxBytes, inFile - start));
  }

  async #readFile(start: number, maxBytes: number): Promise<Buffer> {
    try {
      return (await this.#file?.read(start, maxBytes)) ?? Buffer.alloc(0);
    } catch (error) {
      if (!this.#removed && (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      this.#stopKeeping(0);
      return Buffer.alloc(0);
    }
  }

  /** Starts writing to the file, unless a write is under way; that one goes on by itself. */
  #write(): void {
    const nothingToDo = this.#blocks.length === 0 && !this.#ended;
    if (this.#removed || this.#writing !== undefined || nothingToDo) return;
    this.#file ??= new SpillFile(this.#options.spillPath);
    this.#writing = this.#writeAll(this.#file);
  }

  async #writeAll(file: SpillFile): Promise<void> {
    try {
      while (this.#blocks.length > 0 && !this.#removed) {
        const blocks = this.#blocks.snapshot();
        await file.append(blocks);
        // In one step, so that no reader finds bytes in both places or in neither.
        this.#bytesInFile += this.#blocks.drop(blocks);
        this.#resume();
      }
      if (this.#ended) await file.finish();
    } catch {
      // A full disk must not stop the command: what cannot be kept is drained and counted, like all past the limit.
      this.#stopKeeping(this.#bytesInFile);
      this.#blocks.drop(this.#blocks.snapshot());
      this.#resume();
    }
    this.#writing = undefined;
  }

  #stopKeeping(keptBytes: number): void {
    this.#keptBytes = Math.min(this.#keptBytes, keptBytes);
    this.#maxBytes = this.#keptBytes;
  }

  #resume(): void {
    if (!this.#isBehind || this.#blocks.length > MAX_UNWRITTEN_BYTES / 2) return;
    this.#isBehind = false;
    this.#options.onCaughtUp?.();
  }

  #wakeWaiters(): void {
    for (const { offset, wake } of this.#waiters)
      if (this.#totalBytes > offset || this.#ended) wake();
  }
}
