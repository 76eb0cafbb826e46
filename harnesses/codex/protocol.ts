// What we read of the app-server's JSON-RPC, as Codex 0.169.0 speaks it; everything else in a message passes by unread.
//
// Declared by hand and not generated: `codex app-server generate-ts` writes 951 files (3.9 MB) for 84 notifications, of
// which we read about twenty, and types alone would not check what really arrives. test/agents/codex-protocol.test.ts
// holds every method named here against what the pinned program generates.
import { z } from "zod";

const id = z.union([z.string(), z.number()]);

/** Any line of the server: an answer to us, a question of its own, or a notification. */
export const Message = z.object({
  id: id.optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
export type Message = z.output<typeof Message>;

/** What belongs to one thread: a notification, or (with an id) a question that waits for `answer`. */
export interface ThreadMessage {
  readonly id?: string | number | undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export const ThreadOpened = z.object({
  thread: z.object({ id: z.string() }),
  model: z.string().nullish(),
});
export const TurnOpened = z.object({ turn: z.object({ id: z.string() }) });

/** A failed request names its HTTP status in one of these variants, the rest are words. */
const ErrorInfo = z.union([
  z.string(),
  z.record(z.string(), z.object({ httpStatusCode: z.number().nullish() }).loose()),
]);

export const TurnError = z.object({
  message: z.string(),
  codexErrorInfo: ErrorInfo.nullish().catch(null),
  additionalDetails: z.string().nullish(),
});
export type TurnError = z.output<typeof TurnError>;

const turn = z.object({
  id: z.string(),
  status: z.string(),
  error: TurnError.nullish(),
  rootTurnId: z.string().nullish(),
});
const itemDelta = z.object({ itemId: z.string(), delta: z.string() });
const item = z.object({ type: z.string(), id: z.string() }).loose();
export type Item = z.output<typeof item>;

const breakdown = z.object({
  totalTokens: z.number(),
  inputTokens: z.number(),
  cachedInputTokens: z.number().default(0),
  cacheWriteInputTokens: z.number().default(0),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number().default(0),
});

const text = z.object({ message: z.string() });

/** The notifications that are translated, by method. */
export const notifications = {
  "turn/started": z.object({ threadId: z.string(), turn }),
  "turn/completed": z.object({ threadId: z.string(), turn }),
  "item/started": z.object({ item }),
  "item/completed": z.object({ item }),
  "item/agentMessage/delta": itemDelta,
  "item/reasoning/summaryTextDelta": itemDelta,
  "item/reasoning/summaryPartAdded": z.object({ itemId: z.string(), summaryIndex: z.number() }),
  "item/reasoning/textDelta": itemDelta,
  "item/commandExecution/outputDelta": itemDelta,
  "turn/plan/updated": z.object({
    plan: z.array(z.object({ step: z.string(), status: z.string() })),
  }),
  "thread/tokenUsage/updated": z.object({
    turnId: z.string(),
    tokenUsage: z.object({ total: breakdown, last: breakdown }),
  }),
  error: z.object({ error: TurnError, willRetry: z.boolean() }),
  warning: text,
  guardianWarning: text,
  deprecationNotice: z.object({ summary: z.string() }),
  "model/rerouted": z.object({ fromModel: z.string(), toModel: z.string() }),
  "mcpServer/startupStatus/updated": z.object({
    name: z.string(),
    status: z.string(),
    error: z.string().nullish(),
  }),
} as const;

/** Known, and saying nothing that a run's host would miss: the server is asked not to send them. */
export const UNWANTED_NOTIFICATIONS = [
  "account/rateLimits/updated",
  "account/updated",
  "app/list/updated",
  "configWarning",
  "item/commandExecution/terminalInteraction",
  "item/fileChange/outputDelta",
  "item/fileChange/patchUpdated",
  "item/mcpToolCall/progress",
  "remoteControl/status/changed",
  "skills/changed",
  "thread/compacted",
  "thread/environment/connected",
  "thread/environment/disconnected",
  "thread/goal/cleared",
  "thread/name/updated",
  "thread/readState/changed",
  "thread/settings/updated",
  "thread/started",
  "thread/status/changed",
  "turn/diff/updated",
] as const;

/** Known and used elsewhere, or only the echo of what we did. */
export const PASSED_OVER = ["serverRequest/resolved", "thread/closed"] as const;

/** The questions that the server asks us. */
export const requests = {
  "item/commandExecution/requestApproval": z.object({
    itemId: z.string(),
    kind: z.string().nullish(),
    command: z.string().nullish(),
    cwd: z.string().nullish(),
    reason: z.string().nullish(),
  }),
  "item/fileChange/requestApproval": z.object({ itemId: z.string(), reason: z.string().nullish() }),
  "mcpServer/elicitation/request": z.object({
    serverName: z.string(),
    _meta: z
      .object({
        codex_approval_kind: z.string().nullish(),
        tool_name: z.string().nullish(),
        tool_params: z.unknown(),
      })
      .nullish(),
  }),
  "item/tool/requestUserInput": z.object({}),
  "item/permissions/requestApproval": z.object({}),
} as const;
