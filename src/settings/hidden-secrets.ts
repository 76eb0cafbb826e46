// Takes secrets out of what the kernel shows of this process: every process of the same user may read /proc/<pid>/environ and cmdline.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Log } from "../log/log.ts";

/**
 * Overwrites these values where they are variables or arguments that this process was started with, in place.
 * Deleting a variable would not do: the kernel shows the block of memory that the program began with.
 * What stays is the daemon's heap, which a debugger of the same user can read where the kernel lets it trace.
 * Logs what still shows one of them: this process where it could not be helped, and those above it, which are not ours to change.
 */
export function hideSecrets(values: readonly string[], log: Log): void {
  if (process.platform !== "linux" || values.length === 0) return;
  try {
    overwrite(values);
  } catch (err) {
    log.debug({ err }, "the kernel does not let this process write its own memory");
  }
  for (const each of ancestors().filter(({ pid }) => shows(pid, values)))
    log.warn({ ...each }, WARNING);
}

const WARNING =
  "the environment or the arguments of this process show a key or token to every process of its user, commands of agents too; use --secrets-file";

interface Ancestor {
  readonly pid: number;
  readonly name: string;
}

/** Where the areas begin in memory: fields 48 and 50 of /proc/self/stat, counted from 1. */
const AREAS = [
  { file: "cmdline", startField: 48 },
  { file: "environ", startField: 50 },
] as const;
const FIRST_FIELD_AFTER_NAME = 3;
const MOST_ANCESTORS = 64;

function overwrite(values: readonly string[]): void {
  const fields = statOf("self").fields;
  const memory = openSync("/proc/self/mem", "r+");
  try {
    for (const { file, startField } of AREAS) {
      const start = Number(fields[startField - FIRST_FIELD_AFTER_NAME]);
      const shown = readFileSync(`/proc/self/${file}`);
      for (const { at, length } of placesOf(values, shown))
        writeSync(memory, Buffer.alloc(length), 0, length, start + at);
    }
  } finally {
    closeSync(memory);
  }
}

/** Only whole entries: `value` or `…=value`. A short token that is part of a path is left alone. */
function placesOf(values: readonly string[], shown: Buffer): { at: number; length: number }[] {
  const places: { at: number; length: number }[] = [];
  for (const value of values.map((each) => Buffer.from(each))) {
    for (let at = shown.indexOf(value); at >= 0; at = shown.indexOf(value, at + 1)) {
      const [before, after] = [shown[at - 1] ?? 0, shown[at + value.length] ?? 0];
      if (after === 0 && (before === 0 || before === "=".charCodeAt(0)))
        places.push({ at, length: value.length });
    }
  }
  return places;
}

function shows(pid: number, values: readonly string[]): boolean {
  return AREAS.some(({ file }) => {
    try {
      return placesOf(values, readFileSync(`/proc/${pid}/${file}`)).length > 0;
    } catch {
      return false; // gone, or another user's: then agents cannot read it either
    }
  });
}

/** This process and those above it, as far as /proc tells. */
function ancestors(): Ancestor[] {
  const found: Ancestor[] = [];
  try {
    for (let pid = process.pid; pid > 0 && found.length < MOST_ANCESTORS;) {
      const { name, fields } = statOf(pid);
      found.push({ pid, name });
      pid = Number(fields[1]);
    }
  } catch {
    // hidden: so it is from agents
  }
  return found;
}

function statOf(pid: number | "self"): { name: string; fields: string[] } {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const nameEnd = stat.lastIndexOf(")");
  return {
    name: stat.slice(stat.indexOf("(") + 1, nameEnd),
    fields: stat.slice(nameEnd + 2).split(" "),
  };
}
