// What a run may ask of OpenCode alone, under the key `opencode` of its options.
import { z } from "zod";

export const OpenCodeOptions = z
  .strictObject({
    agent: z
      .string()
      .min(1)
      .optional()
      .describe("One of OpenCode's own primary agents, such as `build` or `plan`."),
    maxRetries: z
      .number()
      .int()
      .min(0)
      .max(50)
      .default(5)
      .describe("Retries in a row of one request to the model; OpenCode has no limit of its own."),
  })
  .prefault({});
export type OpenCodeOptions = z.output<typeof OpenCodeOptions>;
