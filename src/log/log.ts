// The daemon's log: one JSON object a line on stderr, secrets removed.
import { writeSync } from "node:fs";
import type { Secrets } from "./secrets.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type Fields = Readonly<Record<string, unknown>>;
type Write = (line: string) => void;

/** An Error among the fields is written out with its stack and its causes. */
export interface Log {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  /** A log whose every line has these fields too. */
  child(fields: Fields): Log;
}

const STDERR = 2;
/** Of causes that have causes; one may lead back to itself. */
const MAX_CAUSES = 5;

/** Ours because it is this small: pino alone took 10 ms of the start and 5 MB. */
export function createLog(level: LogLevel, secrets: Secrets, write: Write = writeToStderr): Log {
  return logOf(LOG_LEVELS.indexOf(level), {}, (line) => write(secrets.redact(line)));
}

function logOf(threshold: number, common: Fields, write: Write): Log {
  const at = (level: LogLevel) => (fields: Fields, msg: string) => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    write(`${lineOf({ level, time: new Date().toISOString(), ...common, ...fields, msg })}\n`);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logOf(threshold, { ...common, ...fields }, write),
  };
}

/** What cannot be written out must not take down who wanted to tell of it. */
function lineOf(fields: Fields): string {
  try {
    return JSON.stringify(fields, (_, value: unknown) =>
      value instanceof Error ? describe(value) : value,
    );
  } catch (error) {
    return JSON.stringify({
      level: fields["level"],
      time: fields["time"],
      msg: fields["msg"],
      unwritable: String(error),
    });
  }
}

function describe(error: Error, causes = MAX_CAUSES): Fields {
  const { name, message, stack, cause } = error;
  const deeper =
    cause instanceof Error
      ? causes > 0
        ? describe(cause, causes - 1)
        : "and further causes"
      : cause;
  return {
    ...Object.fromEntries(Object.entries(error)),
    type: name,
    message,
    stack,
    cause: deeper,
  };
}

/** At once, so that the last line of a dying daemon is there; a reader that is gone is no reason to end. */
function writeToStderr(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch {
    // Nowhere is left to say so.
  }
}
