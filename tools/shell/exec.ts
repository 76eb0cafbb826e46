// shell_exec: one command to its end.
import { z } from "zod";
import { followOutput } from "../machinery/process/follow-text.ts";
import { excerpt } from "../machinery/process/record-view.ts";
import { bytesOf, requestOf } from "../machinery/process/request.ts";
import {
  command,
  encoding,
  environment,
  exitOnWire,
  MAX_TIMEOUT_MS,
  processExit,
} from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_OUTPUT_BYTES = 256 * 1024;
const MOST_OUTPUT_BYTES = 8 * 1024 * 1024;

const missing = z
  .object({ offset: z.number().int(), bytes: z.number().int() })
  .nullable()
  .describe(
    "The part left out because it was too long; shell_read gives it by `processId` and this offset. Null when nothing is.",
  );

export const exec = defineTool({
  name: "shell_exec",
  description:
    "Run a command to its end and answer with its exit code and output. A non-zero exit code is a result, not an error. " +
    "When the time is over, the command and all it has started are ended. For servers and other long runners use shell_start.",
  effect: "execute",
  input: () =>
    z.strictObject({
      command,
      cwd: z.string().optional().describe("Directory to run in, when not the current one."),
      env: environment.optional(),
      stdin: z
        .string()
        .optional()
        .describe("What the command reads; without it, the end of file at once."),
      stdinEncoding: encoding.default("text"),
      timeoutMs: z.number().int().positive().max(MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS),
      maxOutputBytes: z
        .number()
        .int()
        .min(256)
        .max(MOST_OUTPUT_BYTES)
        .default(DEFAULT_OUTPUT_BYTES)
        .describe(
          "Of each stream in the answer; of longer output its beginning and its end are shown.",
        ),
      encoding: encoding.default("text").describe("Of stdout and stderr in the answer."),
    }),
  output: () =>
    processExit.extend({
      processId: z.string().describe("For shell_read."),
      stdout: z.string(),
      stderr: z.string(),
      stdoutMissing: missing,
      stderrMissing: missing,
    }),
  async run(input, context) {
    const stdin = input.stdin === undefined ? "closed" : bytesOf(input.stdin, input.stdinEncoding);
    const request = await requestOf(input, stdin, context);
    const process = await context.processes.start({ ...request, signal: context.signal });
    const stopFollowing = context.emit && followOutput(process, context.emit);
    const exit = await process.exited;
    await stopFollowing?.();
    const stdout = await excerpt(process.stdout, input.maxOutputBytes, input.encoding);
    const stderr = await excerpt(process.stderr, input.maxOutputBytes, input.encoding);
    return {
      ...exitOnWire(exit),
      processId: process.id,
      stdout: stdout.data,
      stderr: stderr.data,
      stdoutMissing: stdout.missing,
      stderrMissing: stderr.missing,
    };
  },
});
