// fs_copy: a file or a tree, copied.
import { z } from "zod";
import { answeringErrno } from "../machinery/files/errno.ts";
import { copyTree, prepareDestination } from "../machinery/files/relocate.ts";
import { resolveTarget } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const copy = defineTool({
  name: "fs_copy",
  description:
    "Copy a file or a whole directory, permissions kept; symlinks in it are copied as symlinks. `to` is the whole new path.",
  effect: "write",
  input: () =>
    z.strictObject({
      from: z.string(),
      to: z.string(),
      overwrite: z
        .boolean()
        .default(false)
        .describe("Replace a file at `to`. A directory there is never replaced."),
    }),
  output: () =>
    z.object({
      from: z.string().describe("Absolute."),
      to: z.string().describe("Absolute."),
      entries: z.number().int().describe("Files, symlinks and directories copied."),
    }),
  async run({ overwrite, ...asked }, { cwd, paths, signal }) {
    const from = await resolveTarget(asked.from, cwd, paths);
    const to = await resolveTarget(asked.to, cwd, paths);
    const entries = await answeringErrno("copy", `${from} to ${to}`, async () => {
      const { replaces } = await prepareDestination(from, to, overwrite);
      return await copyTree(from, to, { signal, replaces });
    });
    return { from, to, entries };
  },
});
