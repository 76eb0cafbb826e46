// The loop's own tool: the model says what it means to do and how far it has come, and hosts can show it.
import { z } from "zod";
import type { OfferedTool } from "./offered-tool.ts";
import { PLAN_TOOL } from "../options.ts";

const MAX_STEPS = 100;

const PlanInput = z.object({
  steps: z
    .array(
      z.object({
        text: z.string().min(1),
        status: z.enum(["pending", "in_progress", "completed", "cancelled"]),
      }),
    )
    .max(MAX_STEPS)
    .describe("The whole plan, in order; it replaces the last one."),
});

export const planTool: OfferedTool = {
  name: PLAN_TOOL,
  description:
    "Show the user your plan for work of several steps, and update it as steps are begun and done. Not for simple work.",
  inputSchema: z.toJSONSchema(PlanInput, { io: "input" }) as Record<string, unknown>,
  effect: "read",
  kind: "think",
  call({ input }) {
    const parsed = PlanInput.safeParse(input);
    if (parsed.success)
      return Promise.resolve({ ok: true, output: { steps: parsed.data.steps.length } });
    return Promise.resolve({
      ok: false,
      error: { code: "invalid_input", message: z.prettifyError(parsed.error) },
    });
  },
  announce: (input) => ({ type: "plan.updated", steps: PlanInput.parse(input).steps }),
};
