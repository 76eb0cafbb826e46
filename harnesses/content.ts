// What a prompt is made of, for every harness: text, images and files.
import { z } from "zod";

export const ContentPart = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string().min(1) }),
  z.object({
    type: z.literal("image"),
    mediaType: z.enum(["image/png", "image/jpeg", "image/gif", "image/webp"]),
    data: z.base64().describe("The image's bytes, base64."),
  }),
  z.object({
    type: z.literal("file"),
    path: z.string().min(1).describe("A file in the box: absolute, or relative to the run's cwd."),
  }),
]);
export type ContentPart = z.output<typeof ContentPart>;

/** A prompt as harnesses get it: at least one part. */
export type Prompt = readonly ContentPart[];

/** The text parts alone, for a harness that takes nothing else. */
export function textOf(prompt: Prompt): string {
  return prompt.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}
