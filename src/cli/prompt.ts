// What a run is asked: words of the command line, a file or standard input, with images and files beside it.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { text } from "node:stream/consumers";
import type { ContentPart } from "../../harnesses/content.ts";
import type { RunRequestInput } from "../wire/methods.ts";
import { boxPathOf } from "./box-path.ts";
import { UsageError } from "./usage-error.ts";

export const PROMPT_HELP =
  "what is to be done; `-`, or none and a pipe, reads it from standard input";
export const FILE_HELP =
  "image or text file of this machine to send along, or box:PATH for a file that is in the box; may be repeated";

const HOW = 'give it as words ("make the tests pass"), with --prompt-file, or on standard input';

/** Text goes into the prompt itself; what is larger belongs into the box as a file. */
const MAX_TEXT_BYTES = 1024 * 1024;

export interface PromptSources {
  readonly words: readonly string[];
  readonly promptFile?: string | undefined;
  readonly files?: readonly string[] | undefined;
}

type ImageType = Extract<ContentPart, { type: "image" }>["mediaType"];

/** How the bytes of an image begin, each read as one letter. */
const IMAGE_SIGNATURES: readonly (readonly [RegExp, ImageType])[] = [
  [/^\x89PNG\r\n/, "image/png"],
  [/^\xFF\xD8\xFF/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
];

/** Throws UsageError when there is none, and when there are two. */
export async function readPrompt({
  words,
  promptFile,
  files = [],
}: PromptSources): Promise<RunRequestInput["prompt"]> {
  const prompt = await readText(words, promptFile);
  if (prompt.trim() === "") throw new UsageError(`The prompt is empty: ${HOW}`);
  if (files.length === 0) return prompt;
  return [{ type: "text", text: prompt }, ...(await Promise.all(files.map(partOf)))];
}

async function readText(words: readonly string[], promptFile: string | undefined): Promise<string> {
  const isPiped = words.length === 0 && !process.stdin.isTTY;
  if (promptFile !== undefined) {
    if (words.length > 0)
      throw new UsageError("The prompt is given twice: as words and with --prompt-file");
    return promptFile === "-"
      ? text(process.stdin)
      : read(promptFile, "--prompt-file").then(String);
  }
  if (isPiped || (words.length === 1 && words[0] === "-")) return text(process.stdin);
  if (words.length > 0) return words.join(" ");
  throw new UsageError(`There is no prompt: ${HOW}`);
}

async function partOf(file: string): Promise<ContentPart> {
  const inBox = boxPathOf(file);
  if (inBox !== undefined) return { type: "file", path: inBox };
  const bytes = await read(file, "--file");
  const mediaType = mediaTypeOf(bytes);
  if (mediaType) return { type: "image", mediaType, data: bytes.toString("base64") };
  const advice = `Copy it into the box and name it there: harnessd cp ${file} box:${basename(file)}, then --file box:${basename(file)}`;
  if (bytes.length > MAX_TEXT_BYTES)
    throw new UsageError(`--file: ${file} has more than ${MAX_TEXT_BYTES} bytes. ${advice}`);
  if (bytes.includes(0))
    throw new UsageError(
      `--file: ${file} is neither text nor a PNG, JPEG, GIF or WebP image. ${advice}`,
    );
  return { type: "text", text: `File ${file}:\n\n${bytes.toString("utf8")}` };
}

function mediaTypeOf(bytes: Buffer): ImageType | undefined {
  const head = bytes.subarray(0, 16).toString("latin1");
  return IMAGE_SIGNATURES.find(([signature]) => signature.test(head))?.[1];
}

async function read(file: string, flag: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${flag}: ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
