// fs_write: a whole file, replaced in one step.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { textBefore, unifiedDiff } from "../machinery/files/diff.ts";
import { replaceFile } from "../machinery/files/replace.ts";
import { textOf } from "../machinery/files/text.ts";
import { resolveTarget } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const write = defineTool({
  name: "fs_write",
  description:
    "Write a whole file, making its directories. It is replaced in one step, keeps its permissions, and a symlink keeps pointing to it. " +
    "With `expectedVersion` the write is refused if the file has changed since it was read.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: z.string(),
      content: z.string(),
      encoding: z.enum(["text", "base64"]).default("text"),
      mode: z
        .string()
        .regex(/^0?[0-7]{3,4}$/)
        .optional()
        .describe('Octal permissions such as "755"; absent: kept, or the default for a new file.'),
      expectedVersion: z.string().optional().describe("From fs_read, fs_stat or an earlier write."),
      createOnly: z.boolean().default(false).describe("Refuse if the file is there already."),
    }),
  output: () =>
    z.object({
      path: z.string().describe("Absolute."),
      created: z.boolean(),
      bytes: z.number().int(),
      version: z.string(),
      diff: z
        .string()
        .nullable()
        .describe(
          "Unified diff, empty when nothing changed; null for a binary or very large file.",
        ),
    }),
  async run({ content, encoding, mode, expectedVersion, createOnly, ...asked }, { cwd, paths }) {
    const path = await resolveTarget(asked.path, cwd, paths);
    const bytes = encoding === "text" ? Buffer.from(content) : bytesOfBase64(content);
    const before = await textBefore(path);
    const options = {
      expectedVersion,
      createOnly,
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    };
    const replaced = await replaceFile(path, (handle) => handle.writeFile(bytes), options);
    const after = textOf(bytes);
    const diff =
      before === null || after === undefined ? null : await unifiedDiff(path, before, after);
    return { path, ...replaced, diff };
  },
});

function bytesOfBase64(content: string): Buffer {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content))
    throw new CodedError("invalid_input", "`content` is not base64, as `encoding` says it is");
  return Buffer.from(content, "base64");
}
