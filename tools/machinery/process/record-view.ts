// What an answer shows of a byte record: a slice, or head and tail, as text that splits no character or as base64.
import type { ByteRecord } from "../../process.ts";
import { leadingContinuationLength, wholeCharactersLength } from "./utf8.ts";

export type Encoding = "text" | "base64";

export interface RecordView {
  readonly offset: number;
  /** Where to read on. */
  readonly nextOffset: number;
  readonly data: string;
  readonly missingBytes: number;
  readonly ended: boolean;
  readonly totalBytes: number;
}

/** `maxBytes` must be at least 4, or a long character would never fit. */
export async function viewSlice(
  record: ByteRecord,
  offset: number,
  maxBytes: number,
  encoding: Encoding,
): Promise<RecordView> {
  const slice = await record.read(offset, maxBytes);
  const isWhole = encoding === "base64" || slice.ended;
  const length = isWhole ? slice.bytes.length : wholeCharactersLength(slice.bytes);
  return {
    offset: slice.offset,
    nextOffset: slice.offset + length,
    data: encode(slice.bytes.subarray(0, length), encoding),
    missingBytes: slice.missingBytes,
    ended: slice.ended,
    totalBytes: record.totalBytes,
  };
}

export interface Excerpt {
  readonly data: string;
  /** The part that `data` does not show; null when it shows all. */
  readonly missing: { readonly offset: number; readonly bytes: number } | null;
}

/** All that was printed or, when it is longer than `maxBytes`, its beginning and its end. */
export async function excerpt(
  record: ByteRecord,
  maxBytes: number,
  encoding: Encoding,
): Promise<Excerpt> {
  const totalBytes = record.totalBytes;
  if (totalBytes <= maxBytes) {
    const { bytes } = await record.read(0, totalBytes);
    const missing = { offset: bytes.length, bytes: totalBytes - bytes.length };
    return { data: encode(bytes, encoding), missing: missing.bytes > 0 ? missing : null };
  }
  const half = Math.floor(maxBytes / 2);
  const first = await record.read(0, half);
  const last = await record.read(totalBytes - half, half);
  const head =
    encoding === "text" ? first.bytes.subarray(0, wholeCharactersLength(first.bytes)) : first.bytes;
  const tail =
    encoding === "text" ? last.bytes.subarray(leadingContinuationLength(last.bytes)) : last.bytes;
  const missing = { offset: head.length, bytes: totalBytes - head.length - tail.length };
  const note =
    encoding === "text" ? [Buffer.from(`\n[${missing.bytes} bytes are left out here]\n`)] : [];
  return { data: encode(Buffer.concat([head, ...note, tail]), encoding), missing };
}

function encode(bytes: Uint8Array, encoding: Encoding): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return encoding === "base64" ? view.toString("base64") : view.toString("utf8");
}
