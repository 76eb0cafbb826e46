// What the kernel takes as arguments and environment of a program, known here and nowhere else.
import { CodedError } from "../../coded-error.ts";
import { readFileSync } from "node:fs";

const KIB = 1024;
/** Of one argument or one variable, its closing zero included (MAX_ARG_STRLEN). */
export const MAX_TEXT_BYTES = 128 * KIB;
/** Of one shell command; above `MAX_TEXT_BYTES` it is handed over in pieces. */
export const MAX_COMMAND_BYTES = 4 * KIB * KIB;
/** Of all arguments and variables together, with a pointer for each, whatever the stack's limit. */
const MAX_TOTAL_BYTES = 6 * KIB * KIB - 64 * KIB;
const POINTER_BYTES = 8;
/** The kernel gives a quarter of the stack to arguments; up to here the usual 8 MiB do. */
const FITS_USUAL_STACK_BYTES = 1024 * KIB;
const LARGE_STACK_KIB = 32 * KIB;
/** A UTF-16 unit takes at most three bytes. */
const PIECE_UNITS = 40_000;

export interface Arguments {
  readonly args: readonly [string, ...string[]];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** The soft limit of the stack in KiB that makes room for them; 0: as it is. */
  readonly stackKib: number;
}

/**
 * What a program is executed with; a string is a command for bash. Throws CodedError `too_large` and `invalid_input` (a NUL), which name the place.
 * bash is told not to read a file of its own: it takes a socket as its input for that of a remote login.
 */
export function argumentsOf(
  command: string | readonly [string, ...string[]],
  variables: Readonly<Record<string, string>>,
): Arguments {
  const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const args = typeof command === "string" ? bashArguments(command) : command;
  const isShell = typeof command === "string";
  let total = 0;
  for (const [at, text] of args.entries())
    total += sizeOf(text, () => (isShell ? "the command" : `argument ${at}`));
  for (const text of env) total += sizeOf(text, () => `the variable ${nameOf(text)}`);
  if (total > MAX_TOTAL_BYTES)
    throw tooLarge("the arguments and variables together", total, MAX_TOTAL_BYTES);
  return { args, env, stackKib: total > FITS_USUAL_STACK_BYTES ? LARGE_STACK_KIB : 0 };
}

function bashArguments(command: string): [string, ...string[]] {
  const bytes = Buffer.byteLength(command);
  if (bytes > MAX_COMMAND_BYTES) throw tooLarge("the command", bytes, MAX_COMMAND_BYTES);
  if (bytes < MAX_TEXT_BYTES) return ["bash", "--norc", "-c", command];
  return ["bash", "--norc", "-c", joinPieces(), "bash", ...piecesOf(command)];
}

/** Puts the pieces together, and leaves the command no trace of them: no arguments, and the stack's limit as it was. */
function joinPieces(): string {
  const stack = `ulimit -S -s ${softStackLimit()} 2>/dev/null`;
  return `${stack}; c=; for p; do c+=$p; done; shift $#; unset p; eval "unset c; $c"`;
}

/** Cut between characters. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + PIECE_UNITS);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function nameOf(variable: string): string {
  return variable.split("=", 1)[0] ?? "";
}

function sizeOf(text: string, what: () => string): number {
  if (text.includes("\0")) throw holdsNul(what());
  const bytes = Buffer.byteLength(text) + 1;
  if (bytes > MAX_TEXT_BYTES) throw tooLarge(what(), bytes - 1, MAX_TEXT_BYTES - 1);
  return bytes + POINTER_BYTES;
}

function holdsNul(what: string): CodedError {
  const message = `A NUL character cannot be handed to a program: ${what} holds one`;
  return new CodedError("invalid_input", message, { data: { what } });
}

function tooLarge(what: string, bytes: number, maxBytes: number): CodedError {
  const message = `Too large for the system: ${what} has ${bytes} bytes, and at most ${maxBytes} can be handed to a program; put it into a file or on its standard input`;
  return new CodedError("too_large", message, { data: { what, bytes, maxBytes } });
}

/** In KiB, as `ulimit -s` takes it. */
function softStackLimit(): string {
  const line = /^Max stack size\s+(\S+)/m.exec(readLimits())?.[1];
  const bytes = Number(line);
  return Number.isNaN(bytes) ? "unlimited" : String(Math.floor(bytes / KIB));
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
