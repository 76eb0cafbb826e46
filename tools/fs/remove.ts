// fs_remove: a file, a symlink or a directory, removed.
import { lstat, rm, rmdir } from "node:fs/promises";
import { z } from "zod";
import { answeringErrno, errnoOf } from "../machinery/files/errno.ts";
import { refuseRoot } from "../machinery/files/relocate.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const remove = defineTool({
  name: "fs_remove",
  description:
    "Remove a file, a symlink (not what it points to) or a directory; `recursive` for a directory that is not empty.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: z.string(),
      recursive: z.boolean().default(false),
      mayBeMissing: z
        .boolean()
        .default(false)
        .describe("Answer `removed: false` instead of an error when nothing is there."),
    }),
  output: () => z.object({ path: z.string().describe("Absolute."), removed: z.boolean() }),
  async run({ recursive, mayBeMissing, ...asked }, { cwd, paths }) {
    const path = await resolvePath(asked.path, cwd, paths, { ofLink: true });
    await refuseRoot(path, paths, "remove");
    return await answeringErrno("remove", path, async () => {
      try {
        const stats = await lstat(path);
        await (stats.isDirectory() && !recursive ? rmdir(path) : rm(path, { recursive }));
        return { path, removed: true };
      } catch (error) {
        if (mayBeMissing && errnoOf(error) === "ENOENT") return { path, removed: false };
        throw error;
      }
    });
  },
});
