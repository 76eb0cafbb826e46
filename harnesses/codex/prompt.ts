// A run's prompt as Codex takes its input, and the schema of its answer as the model's server takes it.
import { extname, resolve } from "node:path";
import type { Prompt } from "../content.ts";

export type UserInput =
  | { readonly type: "text"; readonly text: string; readonly text_elements: readonly [] }
  | { readonly type: "image"; readonly url: string }
  | { readonly type: "localImage"; readonly path: string };

const IMAGE_ENDINGS: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg", ".gif", ".webp"]);

/** Files that are no images are named, not sent: the agent reads them with its own tools. */
export function toUserInput(prompt: Prompt, cwd: string): UserInput[] {
  return prompt.map((part): UserInput => {
    if (part.type === "text") return textInput(part.text);
    if (part.type === "image")
      return { type: "image", url: `data:${part.mediaType};base64,${part.data}` };
    const path = resolve(cwd, part.path);
    return IMAGE_ENDINGS.has(extname(path).toLowerCase())
      ? { type: "localImage", path }
      : textInput(`Attached file: ${path}`);
  });
}

/** For a schema that the server would not take as it is: the daemon checks the answer in any case. */
export function schemaInstruction(schema: unknown): UserInput {
  return textInput(
    `Your last message must be nothing but JSON that satisfies this JSON Schema:\n${JSON.stringify(schema)}`,
  );
}

/** Codex always asks for strict output, of which OpenAI wants closed objects with every property required. */
export function isStrict(schema: unknown): boolean {
  return isObject(schema) && schema["type"] === "object" && hasClosedObjects(schema);
}

function hasClosedObjects(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(hasClosedObjects);
  if (!isObject(schema)) return true;
  const { properties, required, additionalProperties } = schema;
  if (schema["type"] === "object" || properties !== undefined) {
    const names = Object.keys(isObject(properties) ? properties : {});
    const isWhole = Array.isArray(required) && names.every((name) => required.includes(name));
    if (additionalProperties !== false || !isWhole) return false;
  }
  return Object.values(schema).every(hasClosedObjects);
}

function textInput(text: string): UserInput {
  return { type: "text", text, text_elements: [] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
