// Relaying a record as it grows to one reader, at the reader's pace: who lags too far behind is shown less.
import { setTimeout as sleep } from "node:timers/promises";
import { StringDecoder } from "node:string_decoder";
import type { BoxProcess, ByteRecord, StreamName } from "../../process.ts";
import { leadingContinuationLength } from "./utf8.ts";

type Emit = (stream: StreamName, text: string) => Promise<void>;

const MAX_PIECE_BYTES = 65_536;
/** A reader further behind than this goes on near the end; the record has what it did not see. */
const MAX_LAG_BYTES = 4 * MAX_PIECE_BYTES;
/** Between two pieces, so that a program that prints line by line does not cost a message a line. */
const BATCH_MS = 25;
/** How long the end of a command waits for a slow reader to take the last pieces. */
const MAX_LAST_PIECES_MS = 1_000;

/** Calls `emit` with what the process prints. The answer ends it, once the process has exited. */
export function followOutput(process: BoxProcess, emit: Emit): () => Promise<void> {
  const exited = new AbortController();
  const abandoned = new AbortController();
  const follow = (name: StreamName): Promise<void> =>
    followText(process[name], (text) => emit(name, text), exited.signal, abandoned.signal);
  // A reader that went away is no failure of the command.
  const following = Promise.allSettled([follow("stdout"), follow("stderr")]);
  return async () => {
    exited.abort();
    await Promise.race([
      following,
      sleep(MAX_LAST_PIECES_MS, undefined, { signal: abandoned.signal }).catch(() => undefined),
    ]);
    abandoned.abort();
  };
}

async function followText(
  record: ByteRecord,
  emit: (text: string) => Promise<void>,
  exited: AbortSignal,
  abandoned: AbortSignal,
): Promise<void> {
  let decoder = new StringDecoder("utf8");
  let offset = 0;
  while (!abandoned.aborted) {
    await record.waitPast(offset, exited);
    const isBehind = record.totalBytes - offset > MAX_LAG_BYTES;
    if (isBehind) {
      offset = record.totalBytes - MAX_PIECE_BYTES;
      decoder = new StringDecoder("utf8");
    }
    const slice = await record.read(offset, MAX_PIECE_BYTES);
    offset = slice.offset + slice.bytes.length;
    const isLast = slice.ended || (exited.aborted && slice.bytes.length === 0);
    const text = decoder.write(
      isBehind ? slice.bytes.subarray(leadingContinuationLength(slice.bytes)) : slice.bytes,
    );
    const rest = isLast ? text + decoder.end() : text;
    if (rest !== "") await emit(rest);
    if (isLast) return;
    await sleep(BATCH_MS, undefined, { signal: exited }).catch(() => undefined);
  }
}
