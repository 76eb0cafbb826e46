// fs_mkdir: a directory, made.
import { z } from "zod";
import { answeringErrno } from "../machinery/files/errno.ts";
import { makeDirectory } from "../machinery/files/make-directory.ts";
import { resolveTarget } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const mkdir = defineTool({
  name: "fs_mkdir",
  description:
    "Make a directory and the directories above it. One that is there already is no error.",
  effect: "write",
  input: () => z.strictObject({ path: z.string() }),
  output: () => z.object({ path: z.string().describe("Absolute."), created: z.boolean() }),
  async run(asked, { cwd, paths }) {
    const path = await resolveTarget(asked.path, cwd, paths);
    return {
      path,
      created: await answeringErrno("make directory", path, () => makeDirectory(path)),
    };
  },
});
