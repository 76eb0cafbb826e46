// What of our own agent is known before it runs.
import { z } from "zod";

/** The loop's own tool, beside those of the runtime. */
export const PLAN_TOOL = "plan_update";

/** Under `options.native` of a run. */
export const NativeOptions = z.strictObject({
  maxOutputTokens: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Of one reply; absent: what is known to be good for the model."),
  contextTokens: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("What the model can hold, where the table of models is wrong about it."),
  maxAttempts: z
    .number()
    .int()
    .positive()
    .max(20)
    .default(5)
    .describe("Tries for one call to the model."),
  retryDelayMs: z
    .number()
    .int()
    .positive()
    .max(60_000)
    .default(1_000)
    .describe("Before the second try; doubled for each further one."),
  stallMs: z
    .number()
    .int()
    .positive()
    .default(300_000)
    .describe("Longest silence of the model's server before the call is tried again."),
});
