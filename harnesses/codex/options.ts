// What a run may ask of Codex alone, under the key `codex` of its options.
import { z } from "zod";

export const CodexOptions = z
  .strictObject({
    features: z
      .record(z.string(), z.boolean())
      .default({})
      .describe("As `codex features list` names them."),
    webSearch: z
      .enum(["disabled", "cached", "live"])
      .optional()
      .describe("Left to Codex when absent; disabled where permissions must be asked for."),
    reasoningSummary: z.enum(["auto", "concise", "detailed", "none"]).default("auto"),
    verbosity: z.enum(["low", "medium", "high"]).optional(),
    serviceTier: z.string().min(1).optional(),
    maxRetries: z
      .number()
      .int()
      .min(0)
      .max(20)
      .default(5)
      .describe("Of one request to the model, each shown as a notice."),
    streamIdleTimeoutMs: z
      .number()
      .int()
      .positive()
      .default(300_000)
      .describe("A stream that is silent for so long is given up and retried."),
  })
  .prefault({});
export type CodexOptions = z.output<typeof CodexOptions>;
