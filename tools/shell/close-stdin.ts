// shell_close_stdin: the end of file for a process that reads.
import { z } from "zod";
import { findProcess } from "../machinery/process/request.ts";
import { processId } from "../machinery/process/schemas.ts";
import { defineTool } from "../tool.ts";

export const closeStdin = defineTool({
  name: "shell_close_stdin",
  description:
    "Close the standard input of a process: it reads the end of file after what was written. Closing twice does no harm.",
  effect: "execute",
  input: () => z.strictObject({ processId }),
  output: () => z.object({ processId: z.string() }),
  async run({ processId }, context) {
    findProcess(processId, context).closeStdin();
    return { processId };
  },
});
