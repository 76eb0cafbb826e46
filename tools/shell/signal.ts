// shell_signal: one signal to a process and its group.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { findProcess } from "../machinery/process/request.ts";
import { processId } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

const SIGNALS = [
  "SIGINT",
  "SIGTERM",
  "SIGKILL",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGSTOP",
  "SIGTSTP",
  "SIGCONT",
  "SIGALRM",
  "SIGWINCH",
] as const;

export const signal = defineTool({
  name: "shell_signal",
  description:
    "Send a signal to a process and its group, such as SIGINT for what Ctrl-C does. To end a process for sure use shell_stop.",
  effect: "execute",
  input: () => z.strictObject({ processId, signal: z.enum(SIGNALS) }),
  output: () => z.object({ processId: z.string(), signal: z.string() }),
  async run({ processId, signal }, context) {
    const process = findProcess(processId, context);
    if (process.exit) {
      const message = `${processId} has already ended; shell_stop ends what it may have left behind`;
      throw new CodedError("process_ended", message, {
        data: { processId, exitCode: process.exit.exitCode, signal: process.exit.signal },
      });
    }
    process.signal(signal);
    return { processId, signal };
  },
});
