// The shapes of processes on the wire, shared by the shell tools.
import { z } from "zod";
import type { ContainmentReport, ProcessExit } from "../../process.ts";

/** Long enough for a build that runs over night; what has no end is started with shell_start. */
export const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000;

export const processId = z.string().min(1).describe("As answered by shell_start or shell_exec.");

export const command = z
  .union([z.string().min(1), z.array(z.string()).min(1)])
  .describe(
    "A command line for bash -c; or a program and its arguments as a list, with no shell between.",
  );

export const environment = z
  .record(z.string().regex(/^[^=\0]+$/), z.string())
  .describe("Added to the environment that every command gets.");

export const encoding = z
  .enum(["text", "base64"])
  .describe("`text` is UTF-8; `base64` keeps every byte as it is.");

export const containmentReport = z.object({
  level: z
    .enum(["cgroup", "subreaper", "marker", "group"])
    .describe("How certain it is that nothing is left, the most certain first."),
  signalled: z.number().int(),
  killed: z.number().int().describe("How many of these needed SIGKILL."),
  survivors: z.array(z.number().int()).describe("Pids still alive; empty when all is clean."),
  durationMs: z.number(),
});

export const processExit = z.object({
  exitCode: z.number().int().nullable().describe("Null when a signal ended it."),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  durationMs: z.number(),
  resources: z
    .object({ cpuMs: z.number().nullable(), peakMemoryBytes: z.number().nullable() })
    .describe("Null where not measured."),
  containment: containmentReport
    .optional()
    .describe("Present when the tree was ended from outside."),
});

export const processSummary = z.object({
  processId: z.string(),
  pid: z.number().int(),
  command: z.union([z.string(), z.array(z.string())]),
  cwd: z.string(),
  owner: z.string().nullable().describe("The run it belongs to."),
  startedAt: z.string(),
  stdoutBytes: z.number().int(),
  stderrBytes: z.number().int(),
  exit: processExit.nullable().describe("Null while it runs."),
});

/** Adjusts for the readonly shapes of process.ts, which zod's outputs are not. */
export function exitOnWire(exit: ProcessExit): z.input<typeof processExit> {
  const { durationMs, resources, containment } = exit;
  const cpuMs = resources.cpuMs === null ? null : rounded(resources.cpuMs);
  return {
    ...exit,
    durationMs: rounded(durationMs),
    resources: { ...resources, cpuMs },
    containment: containment && containmentOnWire(containment),
  };
}

export function containmentOnWire(report: ContainmentReport): z.input<typeof containmentReport> {
  const { durationMs, survivors } = report;
  return { ...report, durationMs: rounded(durationMs), survivors: [...survivors] };
}

/** To a tenth of a millisecond. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
