// shell_list: the processes of the box, or those of the run that asks.
import { z } from "zod";
import type { BoxProcess } from "../process.ts";
import { exitOnWire, processSummary } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

const DEFAULT_LIMIT = 100;
const MOST = 1_000;

export const list = defineTool({
  name: "shell_list",
  description:
    "List the processes that were started, the newest first: which still run, how the others ended, how much they printed.",
  effect: "read",
  input: () =>
    z.strictObject({
      running: z
        .boolean()
        .optional()
        .describe(
          "True for those that still run, false for those that have ended; both without it.",
        ),
      limit: z.number().int().positive().max(MOST).default(DEFAULT_LIMIT),
    }),
  output: () => z.object({ processes: z.array(processSummary) }),
  async run({ running, limit }, { processes, owner }) {
    const isAskedFor = ({ exit, request }: BoxProcess): boolean =>
      (running === undefined || running === (exit === undefined)) &&
      (owner === undefined || request.owner === owner);
    const found = processes.list().filter(isAskedFor);
    return { processes: found.toReversed().slice(0, limit).map(summarise) };
  },
});

function summarise({
  id,
  pid,
  request,
  startedAt,
  stdout,
  stderr,
  exit,
}: BoxProcess): z.input<typeof processSummary> {
  return {
    processId: id,
    pid,
    command: typeof request.command === "string" ? request.command : [...request.command],
    cwd: request.cwd,
    owner: request.owner ?? null,
    startedAt: startedAt.toISOString(),
    stdoutBytes: stdout.totalBytes,
    stderrBytes: stderr.totalBytes,
    exit: exit ? exitOnWire(exit) : null,
  };
}
