// What hosts see of a run and of a session. Made when first asked for: a daemon need not check what it answers itself.
import { z } from "zod";
import { Cursor, RunOutcome } from "./query.ts";

export const RunUsage = z.lazy(() =>
  z.object({
    turns: z.number().int(),
    inputTokens: z.number().int(),
    outputTokens: z.number().int(),
    cachedInputTokens: z.number().int(),
    cacheWriteTokens: z.number().int(),
    reasoningTokens: z.number().int(),
    costUsd: z
      .number()
      .nullable()
      .describe("Null when no price is known for a model that was used."),
    costBasis: z.enum(["reported", "computed", "mixed"]).nullable(),
    cpuMs: z.number().nullable().describe("CPU time of everything that the run started."),
    peakMemoryBytes: z.number().nullable(),
  }),
);
export type RunUsage = z.output<typeof RunUsage>;

export const RunError = z.lazy(() =>
  z.object({
    code: z
      .string()
      .describe(
        "A snake_case word, such as `timed_out`, `budget_exhausted`, `hollow_completion`, `unauthorized`.",
      ),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).optional(),
  }),
);
export type RunError = z.output<typeof RunError>;

export const RunResult = z.lazy(() =>
  z.object({
    text: z.string(),
    json: z.unknown().optional().describe("Satisfies the run's schema; absent when it gave none."),
  }),
);
export type RunResult = z.output<typeof RunResult>;

/** A run as it stands; once `ended` it never changes. */
export const Run = z.lazy(() =>
  z.object({
    runId: z.string(),
    state: z.enum(["queued", "running", "ended"]),
    key: z.string().nullable(),
    harness: z.string(),
    model: z.string().nullable(),
    sessionId: z.string(),
    cwd: z.string(),
    createdAt: z.string(),
    startedAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    outcome: RunOutcome.nullable(),
    result: RunResult.nullable(),
    error: RunError.nullable(),
    usage: RunUsage.nullable(),
    metadata: z.record(z.string(), z.string()),
    cursor: Cursor.describe(
      "Just before the run's first fact: subscribe from here to see all of it.",
    ),
  }),
);
export type Run = z.output<typeof Run>;

export const Session = z.lazy(() =>
  z.object({
    sessionId: z.string(),
    harness: z.string(),
    cwd: z.string(),
    createdAt: z.string(),
    lastRunAt: z.string().nullable(),
    runs: z.number().int(),
  }),
);
export type Session = z.output<typeof Session>;
