// shell_start: a command in the background.
import { z } from "zod";
import { requestOf } from "../machinery/process/request.ts";
import { command, environment, MAX_TIMEOUT_MS } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

export const start = defineTool({
  name: "shell_start",
  description:
    "Start a command in the background, such as a server or a watcher, and answer at once. Follow it with shell_read, feed it with " +
    "shell_write, end it with shell_stop. What a run has started ends with the run.",
  effect: "execute",
  input: () =>
    z.strictObject({
      command,
      cwd: z.string().optional().describe("Directory to run in, when not the current one."),
      env: environment.optional(),
      stdin: z
        .enum(["open", "closed"])
        .default("closed")
        .describe("`open` to feed it with shell_write."),
      timeoutMs: z
        .number()
        .int()
        .positive()
        .max(MAX_TIMEOUT_MS)
        .optional()
        .describe("Ends it when it has run that long; without it, it may run on."),
    }),
  output: () => z.object({ processId: z.string(), pid: z.number().int(), startedAt: z.string() }),
  async run(input, context) {
    const { id, pid, startedAt } = await context.processes.start(
      await requestOf(input, input.stdin, context),
    );
    return { processId: id, pid, startedAt: startedAt.toISOString() };
  },
});
