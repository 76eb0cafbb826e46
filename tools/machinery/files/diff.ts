// A change of a text file as a unified diff, within bounds of time and size.
import { CodedError } from "../../coded-error.ts";
import { openFile } from "./open-file.ts";
import { textOf } from "./text.ts";

const MAX_TEXT_CHARS = 1024 * 1024;
const MAX_DIFF_CHARS = 256 * 1024;
const MAX_DURATION_MS = 250;

/** Null when the texts or their difference are too large to be worth showing. */
export async function unifiedDiff(
  path: string,
  before: string,
  after: string,
): Promise<string | null> {
  if (before === after) return "";
  if (before.length > MAX_TEXT_CHARS || after.length > MAX_TEXT_CHARS) return null;
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import("diff");
  const options = { context: 3, timeout: MAX_DURATION_MS, headerOptions: FILE_HEADERS_ONLY };
  const diff = createTwoFilesPatch(path, path, before, after, undefined, undefined, options);
  return diff === undefined || diff.length > MAX_DIFF_CHARS ? null : diff;
}

/** The text of a file as it is before a change: empty when there is none, null when it is binary or too large for a diff. */
export async function textBefore(path: string): Promise<string | null> {
  try {
    const { handle, stats } = await openFile(path);
    await using _ = handle;
    return stats.size > MAX_TEXT_CHARS ? null : (textOf(await handle.readFile()) ?? null);
  } catch (error) {
    if (error instanceof CodedError && error.code === "not_found") return "";
    // A file that may be replaced, but not read, has no diff; any other trouble is the write's to report.
    if (error instanceof CodedError) return null;
    throw error;
  }
}
