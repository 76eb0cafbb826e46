// What one wire format must do: read a request, and write a reply as a stream or whole.
import type { ModelDialect } from "../../../harnesses/providers.ts";
import type { ModelRequest, Reply } from "../script.ts";

/** One server-sent event. `chunk` marks a piece of text, reasoning or tool input. */
export interface Frame {
  readonly event?: string;
  readonly data: unknown;
  readonly chunk?: true;
}

export interface Dialect {
  readonly name: ModelDialect;
  readonly path: string;
  read(body: JsonObject): ModelRequest;
  frames(reply: Reply): Iterable<Frame>;
  whole(reply: Reply): JsonObject;
  errorBody(status: number, message: string): JsonObject;
  errorFrame(message: string): Frame;
}

export type JsonObject = Record<string, unknown>;

export function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textFrom(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The text of a content that is a string or a list of parts. */
export function contentText(content: unknown): string {
  return typeof content === "string"
    ? content
    : objectsOf(content)
        .map((part) => textFrom(part["text"]))
        .join("\n");
}

export function parseInput(text: unknown): unknown {
  try {
    return JSON.parse(textFrom(text));
  } catch {
    return text;
  }
}

/** The input as the model would write it: JSON, or as it stands when it is text. */
export function inputText(input: unknown): string {
  return typeof input === "string" ? input : JSON.stringify(input);
}

const MAX_PIECES = 200;
const PIECE_CHARACTERS = 12;

/** Splits a text into the pieces of a stream: short, and with every multi-byte character at the edge of one. */
export function piecesOf(text: string): string[] {
  const size = Math.max(PIECE_CHARACTERS, Math.ceil(text.length / MAX_PIECES));
  const pieces: string[] = [];
  let piece = "";
  for (const character of text) {
    piece += character;
    const atEdge = piece.length >= size || (size === PIECE_CHARACTERS && character > "\u007f");
    if (!atEdge) continue;
    pieces.push(piece);
    piece = "";
  }
  return piece === "" ? pieces : [...pieces, piece];
}
