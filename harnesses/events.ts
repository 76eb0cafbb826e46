// What a harness can report, grouped by life cycle.
import { z } from "zod";
import { delta, type EventInput, type EventOutput, fact, schemaOfEvents } from "./event-record.ts";

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

/** The deltas that a text or an output streams by. */
const textDeltas = {
  "message.delta": delta(() => ({ messageId, offset, text: z.string() })),
  "reasoning.delta": delta(() => ({ messageId, offset, text: z.string() })),
  "tool.output": delta(() => ({
    toolCallId,
    stream: z.enum(["stdout", "stderr"]),
    offset,
    text: z.string(),
  })),
} as const;
export type TextDelta = EventInput<typeof textDeltas>;
export const TextDelta = schemaOfEvents(textDeltas);

const message = {
  "message.delta": textDeltas["message.delta"],
  message: fact(() => ({ messageId, text: z.string() })),
  "message.retracted": fact(
    () => ({ messageId, reason: z.string() }),
    "The program took back what it had streamed.",
  ),
  "reasoning.delta": textDeltas["reasoning.delta"],
  reasoning: fact(() => ({ messageId, text: z.string() })),
} as const;

const tool = {
  "tool.input": delta(() => ({
    toolCallId,
    name: z.string(),
    text: z.string().describe("A piece of the input's JSON as the model writes it."),
  })),
  "tool.started": fact(() => ({
    toolCallId,
    name: z.string().describe("As the harness calls it: `shell_exec`, `Bash`, `exec_command`."),
    kind: z.enum(["execute", "read", "write", "search", "fetch", "think", "other"]),
    input: z.unknown(),
  })),
  "tool.output": textDeltas["tool.output"],
  "tool.finished": fact(() => ({
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
  })),
} as const;

const work = {
  "file.changed": fact(() => ({
    path: z.string().describe("Relative to the run's cwd."),
    change: z.enum(["created", "modified", "deleted"]),
    diff: z.string().nullable().describe("Unified diff; null for a binary or very large file."),
    toolCallId: toolCallId.optional(),
  })),
  "plan.updated": fact(() => ({
    steps: z.array(
      z.object({
        text: z.string(),
        status: z.enum(["pending", "in_progress", "completed", "cancelled"]),
      }),
    ),
  })),
} as const;

const account = {
  usage: fact(() => ({
    scope: z
      .enum(["call", "session"])
      .describe(
        "`call`: an amount to add. `session`: a sum over the whole session; the daemon takes the difference.",
      ),
    model: z.string().nullable(),
    inputTokens: tokens.describe("All input tokens, cached ones included."),
    outputTokens: tokens.describe("All output tokens, reasoning included."),
    cachedInputTokens: tokens.default(0),
    cacheWriteTokens: tokens.default(0),
    reasoningTokens: tokens.default(0),
    costUsd: z.number().nonnegative().nullable(),
    costBasis: z.enum(["reported", "computed"]).nullable(),
  })),
  turn: fact(() => ({}), "One request to the model has been answered; what the turn limit counts."),
} as const;

const condition = {
  notice: fact(() => ({
    code: z
      .string()
      .describe("A snake_case word: `retry`, `compaction`, `noise`, `model_fallback`, …"),
    message: z.string(),
    data: z.record(z.string(), z.unknown()).optional(),
  })),
  "session.bound": fact(() => ({
    token: z.string().describe("What the harness needs to go on from here in a later run."),
  })),
  result: fact(
    () => ({ text: z.string(), json: z.unknown().optional() }),
    "The final answer as the harness gives it; the last one counts.",
  ),
  unmapped: fact(
    () => ({ data: z.unknown() }),
    "What the adapter did not understand, passed on whole.",
  ),
} as const;

export const harnessEvents = {
  ...message,
  ...tool,
  ...work,
  ...account,
  ...condition,
} as const;

/** What a harness yields. */
export type HarnessEvent = EventInput<typeof harnessEvents>;
export type CheckedHarnessEvent = EventOutput<typeof harnessEvents>;
export const HarnessEvent = schemaOfEvents(harnessEvents);
export type HarnessEventType = HarnessEvent["type"];
export type UsageEvent = Extract<HarnessEvent, { type: "usage" }>;
