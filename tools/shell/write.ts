// shell_write: bytes for a process to read.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { bytesOf, findProcess } from "../machinery/process/request.ts";
import { encoding, processId } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

/** A program that does not read for so long may still read later: the bytes stay in its pipe's queue. */
const MAX_WAIT_MS = 10_000;

export const write = defineTool({
  name: "shell_write",
  description:
    "Write to the standard input of a process that was started with it open. Send a newline where the program waits for one.",
  effect: "execute",
  input: () => z.strictObject({ processId, data: z.string(), encoding: encoding.default("text") }),
  output: () =>
    z.object({
      bytes: z.number().int(),
      taken: z
        .boolean()
        .describe(
          "False when the process has not read so far yet; what waits is delivered when it does.",
        ),
    }),
  async run({ processId, data, encoding }, context) {
    const process = findProcess(processId, context);
    const bytes = bytesOf(data, encoding);
    const over = new AbortController();
    const signal = AbortSignal.any([context.signal, over.signal]);
    const waiting = sleep(MAX_WAIT_MS, false, { signal }).catch(() => false);
    const writing = process.write(bytes);
    try {
      return {
        bytes: bytes.length,
        taken: await Promise.race([writing.then(() => true), waiting]),
      };
    } finally {
      over.abort();
      // Whatever becomes of it later has been answered for.
      writing.catch(() => undefined);
    }
  },
});
