// fs_list: what is in a directory.
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { EntryType, entryTypeOf } from "../machinery/files/entry.ts";
import { errnoOf } from "../machinery/files/errno.ts";
import { walk, type WalkedEntry } from "../machinery/files/walk.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

const MAX_DEPTH = 64;

const Entry = z.object({
  path: z.string().describe("Relative to the directory asked for."),
  type: EntryType,
  size: z.number().int().describe("In bytes."),
  mtime: z.string().describe("Of the last change of content, RFC 3339."),
});

export const list = defineTool({
  name: "fs_list",
  description:
    "List a directory, hidden entries included, sorted by path; with `depth` also what is below. Symlinks are not followed.",
  effect: "read",
  input: () =>
    z.strictObject({
      path: z.string().default("."),
      depth: z
        .number()
        .int()
        .min(1)
        .max(MAX_DEPTH)
        .default(1)
        .describe("1: the directory's own entries; 2: theirs too; and so on."),
      limit: z.number().int().min(1).max(10_000).default(1000),
      after: z
        .string()
        .optional()
        .describe("Go on after this path: the `nextAfter` of an earlier answer."),
    }),
  output: () =>
    z.object({
      path: z.string().describe("Absolute."),
      entries: z.array(Entry),
      nextAfter: z
        .string()
        .nullable()
        .describe("Give it as `after` to go on; null when this is all."),
    }),
  async run({ depth, limit, after, ...asked }, { cwd, paths, signal }) {
    const path = await resolvePath(asked.path, cwd, paths);
    const found: WalkedEntry[] = [];
    for await (const entry of walk(path, { depth, signal, after })) {
      if (found.push(entry) > limit) break;
    }
    const shown = found.slice(0, limit);
    const entries = await Promise.all(shown.map((entry) => described(path, entry)));
    return {
      path,
      entries: entries.filter((entry) => entry !== undefined),
      nextAfter: found.length > limit ? (shown.at(-1)?.path ?? null) : null,
    };
  },
});

/** Undefined for what vanished since it was listed. */
async function described(
  directory: string,
  { path, entry }: WalkedEntry,
): Promise<z.output<typeof Entry> | undefined> {
  try {
    const { size, mtime } = await lstat(join(directory, path));
    return { path, type: entryTypeOf(entry), size, mtime: mtime.toISOString() };
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "EACCES") return undefined;
    throw error;
  }
}
