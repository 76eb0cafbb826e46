// fs_read: a file, or a part of it by bytes or by lines.
import { z } from "zod";
import { answeringErrno } from "../machinery/files/errno.ts";
import { openFile } from "../machinery/files/open-file.ts";
import { offsetOfLine, readBytes, readText } from "../machinery/files/read-part.ts";
import { isBinary, refuseBinary } from "../machinery/files/text.ts";
import { versionOf } from "../machinery/files/version.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

const DEFAULT_MAX_BYTES = 256 * 1024;
const MOST_BYTES = 4 * 1024 * 1024;

export const read = defineTool({
  name: "fs_read",
  description:
    "Read a file: whole, from a byte offset, or some lines of it. When `nextOffset` is not null there is more: read on from there. " +
    "The `version` can be given to fs_write and fs_edit, which then refuse if the file has changed since.",
  effect: "read",
  input: () =>
    z
      .strictObject({
        path: z.string(),
        encoding: z
          .enum(["text", "base64"])
          .default("text")
          .describe("`text` is UTF-8; `base64` serves any file."),
        offset: z
          .number()
          .int()
          .nonnegative()
          .optional()
          .describe("First byte, from 0; in text moved on to the next whole character."),
        startLine: z
          .number()
          .int()
          .positive()
          .optional()
          .describe("First line, from 1; instead of `offset`."),
        maxLines: z.number().int().positive().optional(),
        maxBytes: z
          .number()
          .int()
          .min(4)
          .max(MOST_BYTES)
          .default(DEFAULT_MAX_BYTES)
          .describe("What the answer holds at the most."),
      })
      .refine(
        (asked) => asked.offset === undefined || asked.startLine === undefined,
        "Give `offset` or `startLine`, not both",
      )
      .refine(
        (asked) => asked.encoding === "text" || (asked.startLine ?? asked.maxLines) === undefined,
        "Lines are for `text` only",
      ),
  output: () =>
    z.object({
      path: z.string().describe("Absolute."),
      encoding: z.enum(["text", "base64"]),
      content: z.string(),
      offset: z.number().int().describe("Of the first byte in `content`."),
      bytes: z.number().int().describe("How many bytes of the file `content` stands for."),
      totalBytes: z.number().int(),
      nextOffset: z
        .number()
        .int()
        .nullable()
        .describe("Where to read on; null at the end of the file."),
      lossy: z.boolean().describe("True when some bytes were not UTF-8 and are shown as U+FFFD."),
      version: z.string(),
    }),
  async run({ encoding, maxBytes, maxLines, ...asked }, { cwd, paths, signal }) {
    const path = await resolvePath(asked.path, cwd, paths);
    const { handle, stats } = await openFile(path);
    await using _ = handle;
    const isText = encoding === "text";
    const part = await answeringErrno("read", path, async () => {
      if (isText && isBinary((await readBytes(handle, 0, 8192)).bytes)) refuseBinary(path);
      const from =
        asked.startLine === undefined
          ? (asked.offset ?? 0)
          : await offsetOfLine(handle, asked.startLine, signal);
      return await (isText
        ? readText(handle, from, maxBytes, maxLines)
        : readBytes(handle, from, maxBytes));
    });
    const content = isText
      ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(part.bytes)
      : Buffer.from(part.bytes).toString("base64");
    const end = part.offset + part.bytes.length;
    return {
      path,
      encoding,
      content,
      offset: part.offset,
      bytes: part.bytes.length,
      totalBytes: Math.max(Number(stats.size), part.bytes.length === 0 ? 0 : end),
      nextOffset: part.atEnd ? null : end,
      lossy: isText && content.includes("\uFFFD"),
      version: await versionOf(handle, stats),
    };
  },
});
