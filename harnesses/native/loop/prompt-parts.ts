// A prompt made ready for a model: files of the box are read and become images, documents or text.
import { CodedError } from "../../../tools/coded-error.ts";
import { readFile, stat } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import type { ContentPart, Prompt } from "../../content.ts";
import { isPdf, judgeImage, MAX_IMAGE_BYTES, mediaTypeOf } from "../media/image.ts";
import type { UserPart } from "../models/turn.ts";

const MAX_PDF_BYTES = 20 * 1024 * 1024;
const MAX_TEXT_BYTES = 512 * 1024;

const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg", ".gif", ".webp"]);

export interface PromptContext {
  readonly cwd: string;
  /** Whether the model's server takes PDF documents. */
  readonly takesPdf: boolean;
}

/** Throws CodedError `file_not_found`, `file_too_large`, `image_too_large`, `image_unreadable` or `file_not_supported`. */
export async function readPrompt(prompt: Prompt, context: PromptContext): Promise<UserPart[]> {
  return Promise.all(prompt.map((part) => readPart(part, context)));
}

async function readPart(part: ContentPart, { cwd, takesPdf }: PromptContext): Promise<UserPart> {
  if (part.type === "text") return part;
  if (part.type === "file") return readFilePart(resolve(cwd, part.path), takesPdf);
  const bytes = Math.floor((part.data.length * 3) / 4);
  if (bytes > MAX_IMAGE_BYTES)
    throw new CodedError(
      "image_too_large",
      `An image has ${bytes} bytes; models take ${MAX_IMAGE_BYTES}`,
    );
  return shownImage(part, "An image");
}

/** What no server takes must not be kept: it would come with every later request of the session. */
function shownImage(image: Extract<UserPart, { type: "image" }>, what: string): UserPart {
  const { problem } = judgeImage(image.mediaType, image.data);
  if (problem === null) return image;
  throw new CodedError(
    "image_unreadable",
    `${what} cannot be shown to a model: ${problem}; give it as what it is, or name its file in the text`,
  );
}

async function readFilePart(path: string, takesPdf: boolean): Promise<UserPart> {
  const extension = extname(path).toLowerCase();
  const name = basename(path);
  if (IMAGE_EXTENSIONS.has(extension)) {
    const bytes = await readBounded(path, MAX_IMAGE_BYTES);
    // Its bytes say what it is: a file is often called otherwise.
    const mediaType = mediaTypeOf(bytes) ?? "image/png";
    return shownImage({ type: "image", mediaType, data: bytes.toString("base64") }, path);
  }
  if (extension === ".pdf") {
    if (!takesPdf)
      throw new CodedError(
        "file_not_supported",
        `${path}: this model's server takes no PDF; give its text instead`,
      );
    const data = (await readBounded(path, MAX_PDF_BYTES)).toString("base64");
    if (!isPdf(data))
      throw new CodedError("file_not_supported", `${path} is called a PDF, and its bytes are none`);
    return { type: "pdf", name, data };
  }
  const bytes = await readBounded(path, MAX_TEXT_BYTES);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0"))
      return { type: "text", text: `<file path="${path}">\n${text}\n</file>` };
  } catch {
    // Not UTF-8: refused below like any other binary file.
  }
  throw new CodedError(
    "file_not_supported",
    `${path} is neither text, an image (png, jpeg, gif, webp) nor a PDF; models take no other file`,
  );
}

/** Looks before it opens: opening a pipe would wait for its other end. */
async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const cannotRead = (cause: NodeJS.ErrnoException): never => {
    throw new CodedError(
      "file_not_found",
      `The prompt names ${path}, which cannot be read: ${cause.code}`,
      { cause },
    );
  };
  const stats = await stat(path).catch(cannotRead);
  if (!stats.isFile()) throw new CodedError("file_not_supported", `${path} is not a regular file`);
  if (stats.size > maxBytes) {
    throw new CodedError(
      "file_too_large",
      `${path} has ${stats.size} bytes; at most ${maxBytes} go into a prompt: name the file in the text instead`,
    );
  }
  return readFile(path).catch(cannotRead);
}
