// Every event of the box: what harnesses say, and what the daemon itself adds, in one envelope.
import { z } from "zod";
import { HarnessEvent } from "../../harnesses/events.ts";
import { Cursor, RunOutcome } from "./query.ts";

export { Cursor, EventFilter, RunOutcome } from "./query.ts";

const containment = z.object({
  level: z.enum(["cgroup", "subreaper", "marker", "group"]),
  signalled: z.number().int(),
  killed: z.number().int(),
  survivors: z.array(z.number().int()),
  durationMs: z.number(),
});

export const RunUsage = z.object({
  turns: z.number().int(),
  inputTokens: z.number().int(),
  outputTokens: z.number().int(),
  cachedInputTokens: z.number().int(),
  cacheWriteTokens: z.number().int(),
  reasoningTokens: z.number().int(),
  costUsd: z.number().nullable().describe("Null when no price is known for a model that was used."),
  costBasis: z.enum(["reported", "computed", "mixed"]).nullable(),
  cpuMs: z.number().nullable().describe("CPU time of everything that the run started."),
  peakMemoryBytes: z.number().nullable(),
});
export type RunUsage = z.output<typeof RunUsage>;

export const RunError = z.object({
  code: z
    .string()
    .describe(
      "A snake_case word, such as `timed_out`, `budget_exhausted`, `hollow_completion`, `unauthorized`.",
    ),
  message: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type RunError = z.output<typeof RunError>;

export const RunResult = z.object({
  text: z.string(),
  json: z.unknown().optional().describe("Satisfies the run's schema; absent when it gave none."),
});
export type RunResult = z.output<typeof RunResult>;

const daemonFacts = [
  z.object({
    type: z.literal("daemon.started"),
    version: z.string(),
    previous: z.enum(["none", "clean", "crashed"]),
    swept: containment.nullable(),
  }),
  z.object({ type: z.literal("daemon.stopping"), reason: z.string() }),
] as const;

const runFacts = [
  z.object({
    type: z.literal("run.queued"),
    harness: z.string(),
    sessionId: z.string(),
    position: z.number().int(),
  }),
  z.object({
    type: z.literal("run.started"),
    harness: z.string(),
    model: z.string().nullable(),
    sessionId: z.string(),
    cwd: z.string(),
    prompt: z.string().describe("Its text parts; images and files are named in brackets."),
  }),
  z.object({ type: z.literal("run.steered"), text: z.string() }),
  z.object({ type: z.literal("run.cancelling"), reason: z.string() }),
  z.object({
    type: z.literal("run.ended"),
    outcome: RunOutcome,
    result: RunResult.nullable(),
    error: RunError.nullable(),
    usage: RunUsage,
    durationMs: z.number(),
    sessionId: z.string(),
    containment: containment
      .nullable()
      .describe("What ending everything that the run had started took."),
  }),
] as const;

const permissionFacts = [
  z.object({
    type: z.literal("permission.requested"),
    permissionId: z.string(),
    toolCallId: z.string(),
    name: z.string(),
    input: z.unknown(),
    deadline: z.string(),
    defaultDecision: z.enum(["allow", "deny"]),
  }),
  z.object({
    type: z.literal("permission.resolved"),
    permissionId: z.string(),
    toolCallId: z.string(),
    name: z.string(),
    decision: z.enum(["allow", "deny"]),
    by: z.enum(["policy", "host", "deadline", "run_end"]),
    reason: z.string().nullable(),
  }),
] as const;

const streamName = z.enum(["stdout", "stderr"]);
const processFacts = [
  z.object({
    type: z.literal("process.started"),
    command: z.union([z.string(), z.array(z.string())]),
    cwd: z.string(),
    pid: z.number().int(),
  }),
  z.object({ type: z.literal("process.output"), stream: streamName, text: z.string() }),
  z.object({
    type: z.literal("process.exited"),
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
  }),
] as const;

/** An event's own fields, without the envelope. */
export const EventBody = z.discriminatedUnion("type", [
  ...HarnessEvent.options,
  ...daemonFacts,
  ...runFacts,
  ...permissionFacts,
  ...processFacts,
]);
export type EventBody = z.input<typeof EventBody>;
export type EventType = EventBody["type"];
export type EventOf<Type extends EventType> = Extract<EventBody, { type: Type }>;

/** What stands around every event. The keys come in this order, before the event's own. */
export const EnvelopeFields = z.object({
  epoch: z
    .string()
    .describe("Changes when the journal's identity changes; a cursor of another epoch is void."),
  seq: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("A fact's place in the box's one order: dense, ascending from 1. Absent on a delta."),
  afterSeq: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe("A delta's place: after this fact. Absent on a fact."),
  time: z.string().describe("RFC 3339, UTC, milliseconds."),
  runId: z.string().optional(),
  processId: z.string().optional(),
  source: z.enum(["harness", "tool", "daemon"]),
});
export type EnvelopeFields = z.output<typeof EnvelopeFields>;
export type Envelope<Type extends EventType = EventType> = EnvelopeFields & EventOf<Type>;
/** A durable event. */
export type Fact<Type extends EventType = EventType> = Envelope<Type> & { readonly seq: number };

/** A hole, said aloud: facts that the cursor asked for and that are not to be had. */
export const Gap = z.object({
  reason: z
    .enum(["epoch_changed", "expired", "ahead"])
    .describe("`ahead`: the cursor names a fact that this journal has not written."),
  missingFrom: z
    .number()
    .int()
    .nullable()
    .describe("First missing seq; null when it cannot be known."),
  missingTo: z.number().int().nullable(),
  resumeAt: Cursor.describe("Where delivery goes on."),
});
export type Gap = z.output<typeof Gap>;
