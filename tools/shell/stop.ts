// shell_stop: the end of a process and of everything it started.
import { z } from "zod";
import { findProcess } from "../machinery/process/request.ts";
import { containmentOnWire, containmentReport, processId } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

const MOST_GRACE_MS = 60_000;

export const stop = defineTool({
  name: "shell_stop",
  description:
    "End a process and everything it has started, children in sessions of their own included: SIGTERM, a grace period, then SIGKILL. " +
    "Answers with what was ended and how certain it is that nothing is left.",
  effect: "execute",
  input: () =>
    z.strictObject({
      processId,
      graceMs: z
        .number()
        .int()
        .nonnegative()
        .max(MOST_GRACE_MS)
        .optional()
        .describe("Time to end by itself after SIGTERM; 0 kills at once."),
    }),
  output: () => containmentReport,
  async run({ processId, graceMs }, context) {
    return containmentOnWire(await findProcess(processId, context).stop(graceMs));
  },
});
