// fs_edit: exact text in a file, replaced; all edits or none.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { unifiedDiff } from "../machinery/files/diff.ts";
import { applyEdit, type Edit } from "../machinery/files/apply-edit.ts";
import { inTurn } from "../machinery/files/in-turn.ts";
import { openFile } from "../machinery/files/open-file.ts";
import { replaceFile } from "../machinery/files/replace.ts";
import { refuseBinary, textOf } from "../machinery/files/text.ts";
import { refuseOtherVersion, versionOf } from "../machinery/files/version.ts";
import { resolveTarget } from "../paths.ts";
import { defineTool } from "../tool.ts";

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_EDITS = 200;

export const edit = defineTool({
  name: "fs_edit",
  description:
    "Replace exact text in a file. `oldText` must occur exactly once unless `all` is set. Several edits are applied in order, all or none. " +
    "When the text does not match, the answer says where the file comes nearest.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: z.string(),
      edits: z
        .array(
          z.strictObject({
            oldText: z
              .string()
              .min(1)
              .describe(
                "As it stands in the file, white space included; line ends may be given as \\n.",
              ),
            newText: z.string(),
            all: z.boolean().default(false).describe("Replace every occurrence."),
          }),
        )
        .min(1)
        .max(MAX_EDITS),
      expectedVersion: z.string().optional().describe("From fs_read, fs_stat or an earlier write."),
    }),
  output: () =>
    z.object({
      path: z.string().describe("Absolute."),
      replacements: z.number().int(),
      bytes: z.number().int(),
      version: z.string(),
      diff: z
        .string()
        .nullable()
        .describe("Unified diff, empty when nothing changed; null for a very large change."),
    }),
  async run({ edits, expectedVersion, ...asked }, { cwd, paths }) {
    const path = await resolveTarget(asked.path, cwd, paths);
    // A model may send several edits of one file at once; each is to find what the one before has left.
    return await inTurn(`edit ${path}`, async () => {
      const before = await readWhole(path);
      if (expectedVersion !== undefined) refuseOtherVersion(path, expectedVersion, before.version);
      const { text, replacements } = applyAll(before.text, edits, path);
      const replaced = await replaceFile(path, (handle) => handle.writeFile(text), {
        expectedVersion: before.version,
      });
      return {
        path,
        replacements,
        bytes: replaced.bytes,
        version: replaced.version,
        diff: await unifiedDiff(path, before.text, text),
      };
    });
  },
});

function applyAll(
  before: string,
  edits: readonly Edit[],
  path: string,
): { text: string; replacements: number } {
  let text = before;
  let replacements = 0;
  for (const [index, one] of edits.entries()) {
    const applied = applyEdit(
      text,
      one,
      edits.length > 1 ? `Edit ${index + 1} of ${edits.length}` : "The edit",
      path,
    );
    text = applied.text;
    replacements += applied.count;
  }
  return { text, replacements };
}

async function readWhole(path: string): Promise<{ text: string; version: string }> {
  const { handle, stats } = await openFile(path);
  await using _ = handle;
  if (stats.size > MAX_FILE_BYTES) {
    throw new CodedError(
      "too_large",
      `${path} has ${stats.size} bytes; fs_edit takes files up to ${MAX_FILE_BYTES}`,
      { data: { path } },
    );
  }
  const version = await versionOf(handle, stats);
  return { text: textOf(await handle.readFile()) ?? refuseBinary(path), version };
}
