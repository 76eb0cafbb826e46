// What a run may say to Claude Code alone, under the key `claude-code`, and the model that it gets when it names none.
import { z } from "zod";

/** The program's own choice in the version that we pin. */
export const DEFAULT_MODEL = "anthropic/claude-opus-5-5";

/** Between tries the program waits longer and longer: 4 retries take about 10 s. */
const DEFAULT_RETRIES = 4;
const MAX_RETRIES = 10;

export const ClaudeCodeOptions = z.strictObject({
  settingSources: z
    .array(z.enum(["user", "project", "local"]))
    .default([])
    .describe(
      "Settings files that count, and with `project` the project's CLAUDE.md. None by default: a run is what its request says.",
    ),
  toolSearch: z
    .boolean()
    .default(false)
    .describe("Hide rarely used tools and those of MCP servers until the model searches for them."),
  maxRetries: z
    .number()
    .int()
    .min(0)
    .max(MAX_RETRIES)
    .default(DEFAULT_RETRIES)
    .describe("Of one request to the model."),
  addDirectories: z
    .array(z.string().min(1))
    .default([])
    .describe("Directories beside the cwd that file tools may use."),
  fallbackModel: z
    .string()
    .min(1)
    .optional()
    .describe("Without a provider; used while the run's own model is overloaded."),
});
export type ClaudeCodeOptions = z.output<typeof ClaudeCodeOptions>;
