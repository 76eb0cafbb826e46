// The wire declared once: every method of the daemon beside the tools, and what it takes. What it answers stands in answers.ts.
import { z } from "zod";
import { ContentPart } from "../../harnesses/content.ts";
import type { answers } from "./answers.ts";
import { Cursor, EventFilter, RunOutcome } from "./query.ts";

export type { Run, Session } from "./answers.ts";

export const PROTOCOL_VERSION = 1;

const name = z.string().min(1).max(200);
const milliseconds = z
  .number()
  .int()
  .positive()
  .max(7 * 24 * 60 * 60 * 1000);
const environment = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string());

const McpServer = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("stdio"),
    name,
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: environment.default({}),
  }),
  z.strictObject({
    type: z.literal("http"),
    name,
    url: z.url(),
    headers: z.record(z.string(), z.string()).default({}),
  }),
]);

/**
 * One rule on tool calls. `tool` and `pattern` are globs; the pattern is matched against the commands and paths that the call names. What
 * denies or asks needs to match one of them; what allows must match all. Relative paths are meant from the run's cwd.
 */
export const PermissionRule = z.strictObject({
  tool: z.string().min(1).default("*"),
  pattern: z.string().min(1).optional(),
  decision: z.enum(["allow", "deny", "ask"]),
});

export const PermissionPolicy = z.strictObject({
  rules: z.array(PermissionRule).max(200).default([]),
  otherwise: z
    .enum(["allow", "deny", "ask"])
    .default("allow")
    .describe(
      "For a call that no rule matches. Among matching rules deny wins over ask, ask over allow.",
    ),
  deadlineMs: milliseconds
    .default(120_000)
    .describe("How long an `ask` waits for a host's answer."),
  onDeadline: z.enum(["allow", "deny"]).default("deny"),
});

/** What a host asks for when it starts a run. */
export const RunRequest = z.strictObject({
  key: name
    .optional()
    .describe("Idempotency: the same key with the same contents is the same run."),
  harness: name.default("native"),
  model: name
    .optional()
    .describe("With its provider: `anthropic/claude-…`. Absent: the harness's default."),
  prompt: z.union([z.string().min(1), z.array(ContentPart).min(1)]),
  cwd: z
    .string()
    .min(1)
    .optional()
    .describe("Absolute, or relative to the workspace, which is the default."),
  sessionId: name.optional().describe("Go on with this session; absent: a new one."),
  fork: z.boolean().default(false).describe("Go on from the session, but leave it as it is."),
  systemPrompt: z.string().optional().describe("Appended to the harness's own."),
  effort: z.enum(["low", "medium", "high"]).optional(),
  schema: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("A JSON Schema (2020-12 or draft-07) that the result must satisfy."),
  timeoutMs: milliseconds.optional(),
  maxTurns: z.number().int().positive().optional(),
  maxTokens: z.number().int().positive().optional().describe("Input and output tokens together."),
  maxCostUsd: z
    .number()
    .positive()
    .optional()
    .describe("Refused as `price_unknown` for a model whose price is not known."),
  allowUnknownPrice: z
    .boolean()
    .default(false)
    .describe("Start in spite of that: then maxCostUsd holds only as far as costs are reported."),
  env: environment.default({}).describe("For the agent's commands."),
  providers: z
    .record(
      z.string(),
      z.strictObject({ apiKey: z.string().min(1).optional(), baseUrl: z.url().optional() }),
    )
    .default({})
    .describe("Keys and base URLs for this run, by provider; they win over the daemon's."),
  allowedTools: z.array(z.string().min(1)).optional(),
  deniedTools: z.array(z.string().min(1)).default([]),
  permissions: PermissionPolicy.optional(),
  mcpServers: z.array(McpServer).max(50).default([]),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("Harness-specific options, under the harness's own name."),
  metadata: z
    .record(z.string(), z.string())
    .default({})
    .describe("Kept with the run and given back; nothing reads it."),
});
export type RunRequest = z.output<typeof RunRequest>;
export type RunRequestInput = z.input<typeof RunRequest>;

const runId = z.strictObject({ runId: z.string() });
const page = {
  limit: z.number().int().min(1).max(1000).default(100),
  pageToken: z.string().optional(),
};

export const methods = {
  /** Names the daemon, what it can do and where its journal stands. */
  daemon_info: { params: z.strictObject({}) },
  harness_list: { params: z.strictObject({}) },
  run_start: { params: RunRequest },
  run_get: { params: runId },
  run_list: {
    params: z.strictObject({
      state: z.enum(["queued", "running", "ended"]).optional(),
      outcome: RunOutcome.optional(),
      harness: z.string().optional(),
      sessionId: z.string().optional(),
      ...page,
    }),
  },
  /** Waits for the run's end, at most `waitMs`; the run as it then stands. */
  run_wait: {
    params: runId.extend({ waitMs: z.number().int().min(0).max(600_000).default(60_000) }),
  },
  /** Ends a run and everything it started; answers when it has ended. Harmless on an ended run. */
  run_cancel: {
    params: runId.extend({ reason: z.string().max(1000).default("cancelled by the host") }),
  },
  /** Gives input to a running run (`steered`), or refuses with a code that says why. */
  run_steer: {
    params: runId.extend({ prompt: z.union([z.string().min(1), z.array(ContentPart).min(1)]) }),
  },
  session_list: { params: z.strictObject({ ...page }) },
  permission_list: { params: z.strictObject({ runId: z.string().optional() }) },
  permission_answer: {
    params: z.strictObject({
      permissionId: z.string(),
      decision: z.enum(["allow", "deny"]),
      reason: z.string().max(10_000).optional(),
      input: z.unknown().optional(),
    }),
  },
  /** Facts since the cursor, then what comes live, as `events` notifications, with no hole and no repeat between the two. */
  events_subscribe: {
    params: z.strictObject({
      after: Cursor.nullable().default(null).describe("Null: from now on."),
      filter: EventFilter.prefault({}),
      subscriber: name
        .optional()
        .describe("A lasting name, under which `events_ack` holds facts in the journal."),
    }),
  },
  events_unsubscribe: { params: z.strictObject({ subscription: z.string() }) },
  /** One page of facts, for a host that would rather ask than be told. */
  events_read: {
    params: z.strictObject({
      after: Cursor.nullable().default(null).describe("Null: from the oldest kept."),
      filter: EventFilter.prefault({}),
      limit: z.number().int().min(1).max(10_000).default(1000),
    }),
  },
  /** Says that all facts up to the cursor are safe with this subscriber; the rest is kept for it. */
  events_ack: { params: z.strictObject({ subscriber: name, cursor: Cursor }) },
  /** Forgets a subscriber, so that the journal no longer keeps facts for it. */
  events_forget: { params: z.strictObject({ subscriber: name }) },
} as const satisfies Record<string, { params: z.ZodType }>;

export type MethodName = keyof typeof methods;
export type MethodParams<Name extends MethodName> = z.output<(typeof methods)[Name]["params"]>;
export type MethodInput<Name extends MethodName> = z.input<(typeof methods)[Name]["params"]>;
export type MethodResult<Name extends MethodName> = z.output<(typeof answers)[Name]>;
