// fs_stat: what is at a path.
import { CodedError } from "../coded-error.ts";
import { lstat, readlink, stat as follow } from "node:fs/promises";
import type { Stats } from "node:fs";
import { z } from "zod";
import { EntryType, entryTypeOf, modeOf } from "../machinery/files/entry.ts";
import { answeringErrno } from "../machinery/files/errno.ts";
import { openFile } from "../machinery/files/open-file.ts";
import { versionOf } from "../machinery/files/version.ts";
import type { PathPolicy } from "../path-policy.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const stat = defineTool({
  name: "fs_stat",
  description:
    "Tell what is at a path: type, size, times, permissions, and for a file the `version` that fs_write and fs_edit can require. " +
    "A symlink is followed; one that leads nowhere, or out of the allowed directories, is described itself.",
  effect: "read",
  input: () => z.strictObject({ path: z.string() }),
  output: () =>
    z.object({
      path: z.string().describe("Absolute."),
      type: EntryType,
      size: z.number().int().describe("In bytes."),
      mode: z.string().describe("Octal permissions, such as `0644`."),
      uid: z.number().int(),
      gid: z.number().int(),
      mtime: z.string().describe("Last change of the content, RFC 3339."),
      ctime: z.string().describe("Last change of content, name or permissions."),
      birthtime: z.string(),
      symlinkTarget: z
        .string()
        .nullable()
        .describe("What the symlink at this path says; null when it is none."),
      version: z.string().nullable().describe("Null for anything but a readable regular file."),
    }),
  async run(asked, { cwd, paths }) {
    const path = await resolvePath(asked.path, cwd, paths, { ofLink: true });
    const own = await answeringErrno("stat", path, () => lstat(path));
    const symlinkTarget = own.isSymbolicLink() ? await readlink(path) : null;
    const stats = symlinkTarget === null ? own : ((await followed(path, paths)) ?? own);
    return {
      path,
      type: entryTypeOf(stats),
      size: stats.size,
      mode: modeOf(stats),
      uid: stats.uid,
      gid: stats.gid,
      mtime: stats.mtime.toISOString(),
      ctime: stats.ctime.toISOString(),
      birthtime: stats.birthtime.toISOString(),
      symlinkTarget,
      version: stats.isFile() ? await versionIfReadable(path) : null,
    };
  },
});

async function followed(path: string, paths: PathPolicy): Promise<Stats | undefined> {
  return await answerOr(undefined, async () => {
    await resolvePath(path, "/", paths);
    return await answeringErrno("stat", path, () => follow(path));
  });
}

async function versionIfReadable(path: string): Promise<string | null> {
  return await answerOr(null, async () => {
    const { handle, stats } = await openFile(path);
    await using _ = handle;
    return await versionOf(handle, stats);
  });
}

async function answerOr<Found, Otherwise>(
  otherwise: Otherwise,
  work: () => Promise<Found>,
): Promise<Found | Otherwise> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CodedError) return otherwise;
    throw error;
  }
}
