// The methods about tool calls that wait for a host's permission.
import { z } from "zod";
import { defineMethod } from "../method-record.ts";

const Question = z.lazy(() =>
  z.object({
    permissionId: z.string(),
    runId: z.string(),
    toolCallId: z.string(),
    name: z.string(),
    input: z.unknown(),
    deadline: z.string().describe("RFC 3339; then `defaultDecision` holds."),
    defaultDecision: z.enum(["allow", "deny"]),
  }),
);

export const permissionMethods = {
  permission_list: defineMethod({
    description: "The tool calls that wait for permission, of one run or of all.",
    params: () => z.strictObject({ runId: z.string().optional() }),
    result: () => z.object({ permissions: z.array(Question) }),
    outlivesConnection: false,
    resend: "always",
    errors: [],
  }),
  permission_answer: defineMethod({
    description: "Allows or denies one tool call that waits; the first answer holds.",
    params: () =>
      z.strictObject({
        permissionId: z.string(),
        decision: z.enum(["allow", "deny"]),
        reason: z.string().max(10_000).optional().describe("Of a denial: what the model reads."),
        input: z
          .unknown()
          .optional()
          .describe("Of an allowance: what the tool gets in place of what the model wrote."),
      }),
    result: () => z.object({ accepted: z.literal(true) }),
    outlivesConnection: true,
    resend: "never",
    errors: ["permission_not_found"],
  }),
} as const;
