// What we read of OpenCode's events; everything else of them is passed over, or on as it is.
import { z } from "zod";

const tokens = z.looseObject({
  total: z.number().optional(),
  input: z.number(),
  output: z.number(),
  reasoning: z.number().default(0),
  cache: z.looseObject({ read: z.number().default(0), write: z.number().default(0) }),
});

const time = z.looseObject({ end: z.number().optional() }).optional();

export const ToolState = z.looseObject({
  status: z.enum(["pending", "running", "completed", "error"]),
  input: z.unknown().optional(),
  output: z.string().optional(),
  error: z.string().optional(),
  metadata: z
    .looseObject({ output: z.unknown().optional(), exit: z.unknown().optional() })
    .optional(),
});
export type ToolState = z.output<typeof ToolState>;

const inMessage = { id: z.string(), messageID: z.string(), sessionID: z.string() };

export const Part = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("text"),
    ...inMessage,
    text: z.string(),
    synthetic: z.boolean().optional(),
    time,
  }),
  z.looseObject({ type: z.literal("reasoning"), ...inMessage, text: z.string(), time }),
  z.looseObject({
    type: z.literal("tool"),
    ...inMessage,
    tool: z.string(),
    callID: z.string(),
    state: ToolState,
  }),
  z.looseObject({
    type: z.literal("step-finish"),
    ...inMessage,
    reason: z.string(),
    tokens,
    cost: z.number().default(0),
  }),
]);
export type PartOf<Type extends z.output<typeof Part>["type"]> = Extract<
  z.output<typeof Part>,
  { type: Type }
>;

/** Parts that say nothing beyond what other events say. */
export const SILENT_PARTS: ReadonlySet<unknown> = new Set([
  "step-start",
  "file",
  "patch",
  "snapshot",
  "agent",
  "subtask",
  "retry",
  "compaction",
]);

export const Failure = z.looseObject({
  name: z.string(),
  data: z
    .looseObject({ message: z.string().optional(), statusCode: z.number().optional() })
    .default({}),
});
export type Failure = z.output<typeof Failure>;

export const MessageInfo = z.looseObject({
  id: z.string(),
  sessionID: z.string(),
  role: z.enum(["user", "assistant"]),
  parentID: z.string().optional(),
  modelID: z.string().optional(),
  providerID: z.string().optional(),
  finish: z.string().optional(),
  error: Failure.optional(),
  structured: z.unknown().optional(),
});

export const Delta = z.looseObject({
  sessionID: z.string(),
  partID: z.string(),
  field: z.string(),
  delta: z.string(),
});

export const Status = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("retry"),
    attempt: z.number(),
    message: z.string(),
    next: z.number(),
  }),
  z.looseObject({ type: z.literal("busy") }),
  z.looseObject({ type: z.literal("idle") }),
]);

const todoStatus = z.enum(["pending", "in_progress", "completed", "cancelled"]).catch("pending");
export const Todos = z.looseObject({
  todos: z.array(z.looseObject({ content: z.string(), status: todoStatus })),
});

export const PermissionAsked = z.looseObject({
  id: z.string(),
  sessionID: z.string(),
  permission: z.string(),
  patterns: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()),
  tool: z.looseObject({ callID: z.string() }).optional(),
});
export type PermissionAsked = z.output<typeof PermissionAsked>;

export const QuestionAsked = z.looseObject({ id: z.string(), sessionID: z.string() });

/** One event of the server's stream. */
export const ServerEvent = z.looseObject({
  type: z.string(),
  properties: z.record(z.string(), z.unknown()).default({}),
});
export type ServerEvent = z.output<typeof ServerEvent>;

/** About the server, the project or what the other events say too: nothing of it is a run's. */
export const SILENT_EVENTS: ReadonlySet<string> = new Set([
  "session.updated",
  "session.deleted",
  "session.diff",
  "message.removed",
  "message.part.removed",
  "permission.asked",
  "permission.replied",
  "question.asked",
  "question.replied",
  "question.rejected",
  "command.executed",
]);
