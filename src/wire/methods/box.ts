// The methods about the box itself.
import { z } from "zod";
import { defineMethod } from "../method-record.ts";
import { Cursor } from "../query.ts";

const Harness = z.lazy(() =>
  z.object({
    name: z.string(),
    title: z.string(),
    ready: z.boolean(),
    version: z.string().nullable(),
    reason: z.string().nullable().describe("Why it is not ready, and what to do."),
    defaultModel: z.string().nullable(),
    capabilities: z.record(z.string(), z.boolean()),
    unaskedTools: z
      .array(z.string())
      .describe(
        "Used without asking, whatever a run's permissions say; none of them runs a command or writes a file.",
      ),
  }),
);

export const boxMethods = {
  daemon_info: defineMethod({
    description: "Names the daemon, what it can do and where its journal stands.",
    params: () => z.strictObject({}),
    result: () =>
      z.object({
        version: z.string(),
        protocol: z.number().int(),
        cursor: Cursor.describe("The last fact written."),
        oldest: Cursor.describe("Just before the oldest fact kept."),
        workspace: z.string(),
        tools: z.array(z.string()),
        harnesses: z.array(z.string()),
        limits: z.record(z.string(), z.number()),
        resend: z
          .record(z.string(), z.enum(["always", "with_key"]))
          .describe(
            "What may be sent again when the line broke before its answer, by method and tool; `with_key`: when its params hold a `key`. What is not named may not.",
          ),
      }),
    outlivesConnection: false,
    resend: "always",
    errors: [],
  }),
  harness_list: defineMethod({
    description: "The harnesses of the box, whether each could start now, and what each can do.",
    params: () => z.strictObject({}),
    result: () => z.object({ harnesses: z.array(Harness) }),
    outlivesConnection: false,
    resend: "always",
    errors: [],
  }),
} as const;
