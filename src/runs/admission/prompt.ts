// A run's prompt, as harnesses take it and as facts tell it.
import { textOf, type Prompt } from "../../../harnesses/content.ts";
import type { RunRequest } from "../../wire/methods.ts";

export function promptOf({ prompt }: Pick<RunRequest, "prompt">): Prompt {
  return typeof prompt === "string" ? [{ type: "text", text: prompt }] : prompt;
}

/** The prompt as a fact tells it: its text, with images and files named. */
export function describePrompt(prompt: Prompt): string {
  const named = prompt.flatMap((part) =>
    part.type === "image"
      ? [`[image ${part.mediaType}]`]
      : part.type === "file"
        ? [`[file ${part.path}]`]
        : [],
  );
  return [textOf(prompt), ...named].filter((each) => each !== "").join("\n");
}
