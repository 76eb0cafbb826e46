// shell_read: what a process printed, from any offset, now or as soon as there is more.
import { once } from "node:events";
import { z } from "zod";
import type { BoxProcess } from "../process.ts";
import { type RecordView, viewSlice } from "../machinery/process/record-view.ts";
import { findProcess } from "../machinery/process/request.ts";
import { encoding, exitOnWire, processExit, processId } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

const DEFAULT_MAX_BYTES = 64 * 1024;
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_WAIT_MS = 60_000;

const offset = z
  .number()
  .int()
  .nonnegative()
  .default(0)
  .describe("Byte to read from: 0, or the `nextOffset` of the last answer.");

const slice = z.object({
  offset: z.number().int(),
  nextOffset: z
    .number()
    .int()
    .describe("Where to read on. In text it stays before a character that is not whole yet."),
  data: z.string(),
  missingBytes: z
    .number()
    .int()
    .describe("Bytes from the offset asked for that are no longer kept."),
  ended: z.boolean().describe("True when nothing follows."),
  totalBytes: z.number().int(),
});

export const read = defineTool({
  name: "shell_read",
  description:
    "Read what a process printed on stdout and stderr from given byte offsets, while it runs or afterwards. " +
    "With `waitMs` the answer waits until there is something new or the process has ended.",
  effect: "read",
  input: () =>
    z.strictObject({
      processId,
      stdoutOffset: offset,
      stderrOffset: offset,
      maxBytes: z
        .number()
        .int()
        .min(16)
        .max(MOST_BYTES)
        .default(DEFAULT_MAX_BYTES)
        .describe("Of each stream."),
      waitMs: z.number().int().nonnegative().max(MOST_WAIT_MS).default(0),
      encoding: encoding.default("text"),
    }),
  output: () =>
    z.object({
      processId: z.string(),
      stdout: slice,
      stderr: slice,
      exit: processExit.nullable().describe("Null while it runs."),
    }),
  async run(input, context) {
    const process = findProcess(input.processId, context);
    const overdue = AbortSignal.any([context.signal, AbortSignal.timeout(input.waitMs)]);
    for (;;) {
      // Looked at first: what is read after the exit was seen is then all that came before it.
      const { exit } = process;
      const seen = {
        stdout: Math.max(process.stdout.totalBytes, input.stdoutOffset),
        stderr: Math.max(process.stderr.totalBytes, input.stderrOffset),
      };
      const stdout = await viewSlice(
        process.stdout,
        input.stdoutOffset,
        input.maxBytes,
        input.encoding,
      );
      const stderr = await viewSlice(
        process.stderr,
        input.stderrOffset,
        input.maxBytes,
        input.encoding,
      );
      const isWorthTelling = exit !== undefined || tells(stdout) || tells(stderr);
      if (isWorthTelling || input.waitMs === 0 || overdue.aborted) {
        return { processId: process.id, stdout, stderr, exit: exit ? exitOnWire(exit) : null };
      }
      await waitForMore(process, seen, overdue);
    }
  },
});

function tells({ data, missingBytes }: RecordView): boolean {
  return data !== "" || missingBytes > 0;
}

/** Resolves when a stream has grown past what was seen, the process has exited or the time is over; leaves nothing behind on any of them. */
async function waitForMore(
  process: BoxProcess,
  seen: { stdout: number; stderr: number },
  overdue: AbortSignal,
): Promise<void> {
  if (overdue.aborted || process.whenExited.aborted) return;
  const { stdout, stderr, whenExited } = process;
  const done = new AbortController();
  const finish = (): void => done.abort();
  for (const signal of [overdue, whenExited])
    signal.addEventListener("abort", finish, { once: true, signal: done.signal });
  if (!stdout.ended) void stdout.waitPast(seen.stdout, done.signal).then(finish);
  if (!stderr.ended) void stderr.waitPast(seen.stderr, done.signal).then(finish);
  await once(done.signal, "abort");
}
