// What was kept on disk, or came from a server, read without trusting its form.

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects of a list; nothing where there is none. */
export function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function isBlank(value: unknown): boolean {
  return textOf(value).trim() === "";
}

/** True for text that is a JSON object, as the arguments of a call must be. */
export function isJsonObject(text: unknown): boolean {
  try {
    return isObject(JSON.parse(textOf(text)));
  } catch {
    return false;
  }
}
