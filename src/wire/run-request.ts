// What a host asks for when it starts a run.
import { z } from "zod";
import { Prompt } from "./prompt.ts";
import { name } from "./query.ts";

const milliseconds = z
  .number()
  .int()
  .positive()
  .max(7 * 24 * 60 * 60 * 1000);
const environment = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string());

const McpServer = z.lazy(() =>
  z.discriminatedUnion("type", [
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
  ]),
);

/**
 * One rule on tool calls. `tool` and `pattern` are globs; the pattern is matched against the commands and paths that the call names. What
 * denies or asks needs to match one of them; what allows must match all. Relative paths are meant from the run's cwd.
 */
export const PermissionRule = z.strictObject({
  tool: z.string().min(1).default("*"),
  pattern: z.string().min(1).optional(),
  decision: z.enum(["allow", "deny", "ask"]),
});

export const PermissionPolicy = z.lazy(() =>
  z.strictObject({
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
  }),
);

const task = () => ({
  key: name
    .optional()
    .describe("Idempotency: the same key with the same contents is the same run."),
  harness: name.default("native"),
  model: name
    .optional()
    .describe("With its provider: `anthropic/claude-…`. Absent: the harness's default."),
  prompt: Prompt,
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
});

const limits = () => ({
  timeoutMs: milliseconds.optional(),
  maxTurns: z
    .number()
    .int()
    .positive()
    .optional()
    .describe(
      "A turn is one answer of the model. What the last one calls is still run; the run fails as `max_turns` where the model would be asked once more.",
    ),
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
});

const means = () => ({
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

export const RunRequest = z.lazy(() => z.strictObject({ ...task(), ...limits(), ...means() }));
export type RunRequest = z.output<typeof RunRequest>;
export type RunRequestInput = z.input<typeof RunRequest>;
