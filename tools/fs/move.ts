// fs_move: a file or a directory under another name, on another file system too.
import { rename, rm } from "node:fs/promises";
import { z } from "zod";
import { answeringErrno, errnoOf } from "../machinery/files/errno.ts";
import {
  copyTree,
  prepareDestination,
  refuseRoot,
  type CopyTreeOptions,
} from "../machinery/files/relocate.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const move = defineTool({
  name: "fs_move",
  description:
    "Move or rename a file, a symlink or a directory, making the directories above the new path. `to` is the whole new path.",
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
    z.object({ from: z.string().describe("Absolute."), to: z.string().describe("Absolute.") }),
  async run({ overwrite, ...asked }, { cwd, paths, signal }) {
    const from = await resolvePath(asked.from, cwd, paths, { ofLink: true });
    const to = await resolvePath(asked.to, cwd, paths, { ofLink: true });
    await refuseRoot(from, paths, "move");
    await answeringErrno("move", `${from} to ${to}`, async () => {
      const { replaces } = await prepareDestination(from, to, overwrite);
      await renameOrCopy(from, to, { signal, replaces, preserveTimestamps: true });
    });
    return { from, to };
  },
});

async function renameOrCopy(from: string, to: string, options: CopyTreeOptions): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== "EXDEV") throw error;
    await copyTree(from, to, options);
    await rm(from, { recursive: true });
  }
}
