// What a harness can say, grouped by life-cycle. A *delta* is ephemeral and wholly contained in the *fact* that closes it.
import { z } from "zod";

const messageId = z.string().describe("Joins deltas to the fact that closes them.");
const toolCallId = z.string().describe("Joins the start, the output and the end of one tool call.");
const offset = z
  .number()
  .int()
  .nonnegative()
  .optional()
  .describe(
    "Characters of the same text, or of the call's stream, before this one; the daemon adds it.",
  );
const tokens = z.number().int().nonnegative();

const messageDelta = z.object({
  type: z.literal("message.delta"),
  messageId,
  offset,
  text: z.string(),
});
const reasoningDelta = z.object({
  type: z.literal("reasoning.delta"),
  messageId,
  offset,
  text: z.string(),
});
const toolOutput = z.object({
  type: z.literal("tool.output"),
  toolCallId,
  stream: z.enum(["stdout", "stderr"]),
  offset,
  text: z.string(),
});

/** The deltas that a text or an output streams by. */
export const TextDelta = z.discriminatedUnion("type", [messageDelta, reasoningDelta, toolOutput]);
export type TextDelta = z.input<typeof TextDelta>;

const message = [
  messageDelta,
  z.object({ type: z.literal("message"), messageId, text: z.string() }),
  z
    .object({ type: z.literal("message.retracted"), messageId, reason: z.string() })
    .describe("The program took back what it had streamed."),
  reasoningDelta,
  z.object({ type: z.literal("reasoning"), messageId, text: z.string() }),
] as const;

const tool = [
  z.object({
    type: z.literal("tool.input"),
    toolCallId,
    name: z.string(),
    text: z.string().describe("A piece of the input's JSON as the model writes it."),
  }),
  z.object({
    type: z.literal("tool.started"),
    toolCallId,
    name: z.string().describe("As the harness calls it: `shell_exec`, `Bash`, `exec_command`."),
    kind: z.enum(["execute", "read", "write", "search", "fetch", "think", "other"]),
    input: z.unknown(),
  }),
  toolOutput,
  z.object({
    type: z.literal("tool.finished"),
    toolCallId,
    name: z.string(),
    ok: z.boolean(),
    output: z.unknown(),
    exitCode: z
      .number()
      .int()
      .nullable()
      .optional()
      .describe("Of the command, where the tool ran one and the code is known."),
  }),
] as const;

const work = [
  z.object({
    type: z.literal("file.changed"),
    path: z.string().describe("Relative to the run's cwd."),
    change: z.enum(["created", "modified", "deleted"]),
    diff: z.string().nullable().describe("Unified diff; null for a binary or very large file."),
    toolCallId: toolCallId.optional(),
  }),
  z.object({
    type: z.literal("plan.updated"),
    steps: z.array(
      z.object({
        text: z.string(),
        status: z.enum(["pending", "in_progress", "completed", "cancelled"]),
      }),
    ),
  }),
] as const;

const account = [
  z.object({
    type: z.literal("usage"),
    /** `call`: this is an amount to add. `session`: a sum over the whole session; the daemon takes the difference. */
    scope: z.enum(["call", "session"]),
    model: z.string().nullable(),
    inputTokens: tokens.describe("All input tokens, cached ones included."),
    outputTokens: tokens.describe("All output tokens, reasoning included."),
    cachedInputTokens: tokens.default(0),
    cacheWriteTokens: tokens.default(0),
    reasoningTokens: tokens.default(0),
    costUsd: z.number().nonnegative().nullable(),
    costBasis: z.enum(["reported", "computed"]).nullable(),
  }),
  z
    .object({ type: z.literal("turn") })
    .describe("One request to the model has been answered; what the turn limit counts."),
] as const;

const condition = [
  z.object({
    type: z.literal("notice"),
    code: z
      .string()
      .describe("A snake_case word: `retry`, `compaction`, `noise`, `model_fallback`, …"),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({
    type: z.literal("session.bound"),
    token: z.string().describe("What the harness needs to go on from here in a later run."),
  }),
  z
    .object({ type: z.literal("result"), text: z.string(), json: z.unknown().optional() })
    .describe("The final answer as the harness gives it; the last one counts."),
  z
    .object({ type: z.literal("unmapped"), data: z.unknown() })
    .describe("What the adapter did not understand, passed on whole."),
] as const;

export const HarnessEvent = z.discriminatedUnion("type", [
  ...message,
  ...tool,
  ...work,
  ...account,
  ...condition,
]);
/** What a harness yields. */
export type HarnessEvent = z.input<typeof HarnessEvent>;
export type HarnessEventType = HarnessEvent["type"];
export type UsageEvent = Extract<HarnessEvent, { type: "usage" }>;
