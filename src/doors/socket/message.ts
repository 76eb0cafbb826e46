// Reading JSON-RPC 2.0 frames: what a text is, or precisely why it is nothing that can be answered.
import { CodedError } from "../../../tools/coded-error.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";

export type CallId = string | number;

export type Message =
  | {
      readonly kind: "call";
      readonly id: CallId;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: unknown }
  /** An answer to something; who never asks may ignore it. */
  | {
      readonly kind: "answer";
      readonly id: unknown;
      readonly result: unknown;
      readonly error: unknown;
    }
  | { readonly kind: "invalid"; readonly id: CallId | null; readonly error: CodedError };

/** One message, or those of a batch. Never throws. */
export function readFrame(text: string): Message | readonly Message[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return invalid("parse_error", `The frame is not JSON: ${(error as Error).message}`);
  }
  if (nestsDeeper(text, WIRE_LIMITS.nesting)) {
    const { id } = Object(value) as { readonly id?: unknown };
    return invalid(
      "invalid_request",
      `The frame nests deeper than ${WIRE_LIMITS.nesting} levels; send it flatter`,
      isCallId(id) ? id : null,
    );
  }
  if (!Array.isArray(value)) return readMessage(value);
  if (value.length === 0)
    return invalid("invalid_request", "A batch must hold at least one message");
  if (value.length > WIRE_LIMITS.batchMessages)
    return invalid(
      "invalid_request",
      `A batch holds at most ${WIRE_LIMITS.batchMessages} messages; this one has ${value.length}`,
    );
  return value.map(readMessage);
}

function readMessage(value: unknown): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return invalid(
      "invalid_request",
      'A message must be an object such as {"jsonrpc":"2.0","id":1,"method":"daemon_info"}',
    );
  }
  const { jsonrpc, id, method, params, result, error } = value as Readonly<Record<string, unknown>>;
  const known = isCallId(id) ? id : null;
  if (jsonrpc !== "2.0") return invalid("invalid_request", '`jsonrpc` must be "2.0"', known);
  if (method === undefined && (result !== undefined || error !== undefined))
    return { kind: "answer", id, result, error };
  if (typeof method !== "string")
    return invalid("invalid_request", "`method` must be a string", known);
  if (id === undefined) return { kind: "notification", method, params };
  if (known === null) {
    return invalid(
      "invalid_request",
      `\`id\` must be an integer that JSON numbers hold exactly, or a string of at most ${WIRE_LIMITS.idCharacters} characters`,
    );
  }
  return { kind: "call", id: known, method, params };
}

/** `json` is known to be sound. */
function nestsDeeper(json: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at);
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth > limit) return true;
  }
  return false;
}

/** Where the string that opens at `start` closes: at a quote behind an even number of backslashes. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

export function isCallId(value: unknown): value is CallId {
  return typeof value === "string"
    ? value.length <= WIRE_LIMITS.idCharacters
    : Number.isSafeInteger(value);
}

function invalid(
  kind: "parse_error" | "invalid_request",
  message: string,
  id: CallId | null = null,
): Message {
  return { kind: "invalid", id, error: new CodedError(kind, message) };
}
