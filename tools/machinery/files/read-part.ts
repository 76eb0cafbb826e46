// Reading a part of an open file: by bytes, by characters, by lines.
import type { FileHandle } from "node:fs/promises";
import { leadingContinuationLength, wholeCharactersLength } from "../process/utf8.ts";

export interface FilePart {
  readonly bytes: Uint8Array;
  /** Of the first byte in `bytes`. */
  readonly offset: number;
  /** True when nothing follows `bytes` in the file. */
  readonly atEnd: boolean;
}

const SCAN_CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

export async function readBytes(
  handle: FileHandle,
  offset: number,
  maxBytes: number,
): Promise<FilePart> {
  // One byte more tells whether the file goes on, also where its size is not known (/proc).
  const { size } = await handle.stat();
  const wanted = size > 0 ? Math.min(maxBytes, Math.max(size - offset, 0)) + 1 : maxBytes + 1;
  const buffer = Buffer.allocUnsafe(wanted);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(
      buffer,
      filled,
      buffer.length - filled,
      offset + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  const kept = Math.min(filled, wanted - 1);
  return { bytes: buffer.subarray(0, kept), offset, atEnd: filled === kept };
}

/** As `readBytes`, cut so that no character is split at either side, and after `maxLines` lines. */
export async function readText(
  handle: FileHandle,
  offset: number,
  maxBytes: number,
  maxLines = Infinity,
): Promise<FilePart> {
  const { bytes, atEnd } = await readBytes(handle, offset, maxBytes);
  const start = offset === 0 ? 0 : leadingContinuationLength(bytes);
  const end = atEnd ? bytes.length : wholeCharactersLength(bytes);
  const whole = bytes.subarray(start, Math.max(start, end));
  const lines = whole.subarray(0, lengthOfLines(whole, maxLines));
  return { bytes: lines, offset: offset + start, atEnd: atEnd && lines.length === whole.length };
}

/** The byte offset at which a line begins, counted from 1; the end of the file when it has fewer lines. */
export async function offsetOfLine(
  handle: FileHandle,
  line: number,
  signal: AbortSignal,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(SCAN_CHUNK_BYTES);
  let linesLeft = line - 1;
  for (let offset = 0; ;) {
    signal.throwIfAborted();
    if (linesLeft === 0) return offset;
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    if (bytesRead === 0) return offset;
    const chunk = buffer.subarray(0, bytesRead);
    const length = lengthOfLines(chunk, linesLeft);
    linesLeft -= countOf(LINE_FEED, chunk.subarray(0, length));
    offset += length;
  }
}

/** How many bytes the first `count` lines take, their line feeds included. */
function lengthOfLines(bytes: Uint8Array, count: number): number {
  if (count === Infinity) return bytes.length;
  let length = 0;
  for (let line = 0; line < count; line++) {
    const end = bytes.indexOf(LINE_FEED, length);
    if (end === -1) return bytes.length;
    length = end + 1;
  }
  return length;
}

function countOf(byte: number, bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) count++;
  return count;
}
