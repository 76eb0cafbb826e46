// The daemon's log: one JSON object a line on stderr, secrets removed.
import { pino, type Logger } from "pino";
import type { Secrets } from "./secrets.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Log = Logger;

const STDERR = 2;

export function createLog(level: LogLevel, secrets: Secrets): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: (line: string) => secrets.redact(line) },
  };
  return pino(options, pino.destination({ fd: STDERR, sync: true }));
}
