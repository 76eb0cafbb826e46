// What the daemon answers and what it tells unasked: declared for types and documents. Nothing here is loaded by a daemon, which need not check itself.
import { z } from "zod";
import { TextDelta } from "../../harnesses/events.ts";
import { Cursor, Gap, RunError, RunOutcome, RunResult, RunUsage } from "./events.ts";

/** A run as it stands; once `ended` it never changes. */
export const Run = z.object({
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
});
export type Run = z.output<typeof Run>;

export const Session = z.object({
  sessionId: z.string(),
  harness: z.string(),
  cwd: z.string(),
  createdAt: z.string(),
  lastRunAt: z.string().nullable(),
  runs: z.number().int(),
});
export type Session = z.output<typeof Session>;

/** By method, as `methods` names them; one that is missing does not compile. */
export const answers = {
  daemon_info: z.object({
    version: z.string(),
    protocol: z.number().int(),
    cursor: Cursor.describe("The last fact written."),
    oldest: Cursor.describe("Just before the oldest fact kept."),
    workspace: z.string(),
    tools: z.array(z.string()),
    harnesses: z.array(z.string()),
    limits: z.record(z.string(), z.number()),
  }),
  harness_list: z.object({
    harnesses: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        ready: z.boolean(),
        version: z.string().nullable(),
        reason: z.string().nullable().describe("Why it is not ready, and what to do."),
        defaultModel: z.string().nullable(),
        capabilities: z.record(z.string(), z.boolean()),
        unaskedTools: z
          .array(z.string())
          .describe(
            "Used without asking, whatever a run's permissions say; none of them runs a command or writes a file.",
          ),
      }),
    ),
  }),
  run_start: z.object({
    run: Run,
    replayed: z.boolean().describe("True when the key named a run that was there already."),
  }),
  run_get: z.object({
    run: Run,
    soFar: z
      .array(TextDelta)
      .describe(
        "Texts and outputs that the run streams and no fact has closed, each as one delta from its beginning. A live delta says by its `offset` which part of it is new.",
      ),
  }),
  run_list: z.object({
    runs: z.array(Run).describe("Newest first."),
    nextPageToken: z.string().nullable(),
  }),
  run_wait: z.object({ run: Run }),
  run_cancel: z.object({ run: Run }),
  run_steer: z.object({ delivery: z.literal("steered") }),
  session_list: z.object({ sessions: z.array(Session), nextPageToken: z.string().nullable() }),
  permission_list: z.object({
    permissions: z.array(
      z.object({
        permissionId: z.string(),
        runId: z.string(),
        toolCallId: z.string(),
        name: z.string(),
        input: z.unknown(),
        deadline: z.string(),
        defaultDecision: z.enum(["allow", "deny"]),
      }),
    ),
  }),
  permission_answer: z.object({ accepted: z.literal(true) }),
  events_subscribe: z.object({
    subscription: z.string(),
    cursor: Cursor.describe("Where delivery begins."),
    gap: Gap.nullable(),
  }),
  events_unsubscribe: z.object({ removed: z.boolean() }),
  events_read: z.object({
    events: z.array(z.unknown()),
    cursor: Cursor.describe("Read on from here."),
    gap: Gap.nullable(),
    atEnd: z.boolean(),
  }),
  events_ack: z.object({ acknowledged: Cursor }),
  events_forget: z.object({ removed: z.boolean() }),
} as const satisfies Record<string, z.ZodType>;

/** What the daemon sends unasked. */
export const notifications = {
  /** In order; facts verbatim as the journal holds them. */
  events: z.object({ subscription: z.string(), events: z.array(z.unknown()) }),
  /** Facts that the subscription should have brought are gone; delivery goes on at `resumeAt`. */
  events_gap: z.object({ subscription: z.string(), gap: Gap }),
} as const;
