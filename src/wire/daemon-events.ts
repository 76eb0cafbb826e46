// What the daemon itself reports: of its own life, of runs, permissions and processes.
import { z } from "zod";
import { delta, fact } from "../../harnesses/event-record.ts";
import { RunOutcome } from "./query.ts";
import { RunError, RunResult, RunUsage } from "./run.ts";

const containment = z.lazy(() =>
  z.object({
    level: z.enum(["cgroup", "subreaper", "marker", "group"]),
    signalled: z.number().int(),
    killed: z.number().int(),
    survivors: z.array(z.number().int()),
    durationMs: z.number(),
  }),
);

const lifeEvents = {
  "daemon.started": fact(() => ({
    version: z.string(),
    previous: z.enum(["none", "clean", "crashed"]),
    swept: containment.nullable(),
  })),
  "daemon.stopping": fact(() => ({ reason: z.string() })),
} as const;

const runEvents = {
  "run.queued": fact(() => ({
    harness: z.string(),
    sessionId: z.string(),
    position: z.number().int(),
  })),
  "run.started": fact(() => ({
    harness: z.string(),
    model: z.string().nullable(),
    sessionId: z.string(),
    cwd: z.string(),
    prompt: z.string().describe("Its text parts; images and files are named in brackets."),
  })),
  "run.steered": fact(() => ({ text: z.string() })),
  "run.cancelling": fact(() => ({ reason: z.string() })),
  "run.ended": fact(() => ({
    outcome: RunOutcome,
    result: RunResult.nullable(),
    error: RunError.nullable(),
    usage: RunUsage,
    durationMs: z.number(),
    sessionId: z.string(),
    containment: containment
      .nullable()
      .describe("What ending everything that the run had started took."),
  })),
} as const;

const permissionEvents = {
  "permission.requested": fact(() => ({
    permissionId: z.string(),
    toolCallId: z.string(),
    name: z.string(),
    input: z.unknown(),
    deadline: z.string(),
    defaultDecision: z.enum(["allow", "deny"]),
  })),
  "permission.resolved": fact(() => ({
    permissionId: z.string(),
    toolCallId: z.string(),
    name: z.string(),
    decision: z.enum(["allow", "deny"]),
    by: z.enum(["policy", "host", "deadline", "run_end"]),
    reason: z.string().nullable(),
  })),
} as const;

const processEvents = {
  "process.started": fact(() => ({
    command: z.union([z.string(), z.array(z.string())]),
    cwd: z.string(),
    pid: z.number().int(),
  })),
  "process.output": delta(() => ({ stream: z.enum(["stdout", "stderr"]), text: z.string() })),
  "process.exited": fact(() => ({
    exitCode: z.number().int().nullable(),
    signal: z.string().nullable(),
    timedOut: z.boolean(),
    durationMs: z.number(),
    stdoutBytes: z.number().int(),
    stderrBytes: z.number().int(),
    cpuMs: z.number().nullable(),
    peakMemoryBytes: z.number().nullable(),
    containment: containment.nullable(),
    lost: z
      .literal(true)
      .optional()
      .describe(
        "The daemon ended while the process ran: nobody saw how it ended, nor how much it printed.",
      ),
  })),
} as const;

export const daemonEvents = {
  ...lifeEvents,
  ...runEvents,
  ...permissionEvents,
  ...processEvents,
} as const;
