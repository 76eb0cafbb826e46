// A run's prompt as OpenCode takes it: text, images as data, files as what its own reader makes of them.
import { CodedError } from "../../tools/coded-error.ts";
import { access, constants, readFile, stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { headOf } from "../../tools/machinery/text/cut.ts";
import type { Prompt } from "../content.ts";

export type PromptPart =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "file";
      readonly mime: string;
      readonly url: string;
      readonly filename: string;
    };

const MIME_TYPES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".pdf": "application/pdf",
};
/** The first of these that a project has is its word to all agents. */
const INSTRUCTION_FILES = ["AGENTS.md", "CLAUDE.md"];
const MAX_INSTRUCTION_CHARACTERS = 100_000;

/** Throws CodedError `file_not_found`. */
export async function toParts(prompt: Prompt, cwd: string): Promise<PromptPart[]> {
  return await Promise.all(
    prompt.map(async (part): Promise<PromptPart> => {
      if (part.type === "text") return { type: "text", text: part.text };
      if (part.type === "file") return await filePart(resolve(cwd, part.path));
      const filename = `image${Object.keys(MIME_TYPES).find((ending) => MIME_TYPES[ending] === part.mediaType) ?? ""}`;
      return {
        type: "file",
        mime: part.mediaType,
        url: `data:${part.mediaType};base64,${part.data}`,
        filename,
      };
    }),
  );
}

async function filePart(path: string): Promise<PromptPart> {
  const found = await stat(path).catch(() => null);
  const isReadable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!found || !isReadable)
    throw new CodedError(
      "file_not_found",
      `The prompt names ${path}, and there is no such file that can be read`,
    );
  const mime = found.isDirectory()
    ? "application/x-directory"
    : (MIME_TYPES[extname(path).toLowerCase()] ?? "text/plain");
  return { type: "file", mime, url: pathToFileURL(path).href, filename: path };
}

/** What is added to OpenCode's own system prompt; it reads nothing of the project's configuration by itself. */
export async function systemPromptFor(
  cwd: string,
  systemPrompt: string | undefined,
): Promise<string | undefined> {
  const parts = [await projectInstructions(cwd), systemPrompt].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join("\n\n") : undefined;
}

async function projectInstructions(cwd: string): Promise<string | undefined> {
  for (const name of INSTRUCTION_FILES) {
    const path = join(cwd, name);
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.trim() !== "")
      return `Instructions from: ${path}\n${headOf(text, MAX_INSTRUCTION_CHARACTERS)}`;
  }
  return undefined;
}
