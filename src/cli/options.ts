// Options that several commands share, and how their values are read.
import { InvalidArgumentError, Option, type Command } from "commander";
import { readEnvironment } from "../settings/config.ts";
import { settings, type Setting } from "../settings/settings.ts";

/** What commander has parsed, by name; each command knows which it declared. */
export type Flags = Readonly<Record<string, unknown>>;

export const CWD_HELP = "directory to work in, relative to the box's workspace (the default)";

/** How to find the daemon: for every command that talks to one. */
export function addTarget(command: Command): Command {
  return command
    .option("--url <url>", "daemon to talk to (HARNESSD_URL)")
    .addOption(optionOf(settings.token))
    .addOption(optionOf(settings.tokenFile))
    .addOption(optionOf(settings.stateDir));
}

/** For commands that start a daemon of their own where none serves. */
export function addOwnDaemon(command: Command): Command {
  return addTarget(command)
    .addOption(optionOf(settings.workspace))
    .addOption(optionOf(settings.agentsDir));
}

/** Defaults are only shown here; `readConfig` applies them, after the variables. */
export function optionOf({ flag, variable, help, standard }: Setting): Option {
  const isShown = standard !== undefined && standard !== "" && !Array.isArray(standard);
  const note = [variable, ...(isShown ? [`default ${String(standard)}`] : [])];
  return new Option(flag, `${help} (${note.join(", ")})`);
}

export function positive(value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError(`Wanted a number above 0; found ${JSON.stringify(value)}.`);
}

export function wholePositive(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError(`Wanted a whole number above 0; found ${JSON.stringify(value)}.`);
}

/** For options that may be given several times. */
export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `NAME=value`, or `NAME` alone for the caller's own value. */
export function environmentEntry(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name = "", value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? [];
  const found = value ?? readEnvironment()[name];
  if (name !== "" && found !== undefined) return { ...before, [name]: found };
  throw new InvalidArgumentError(
    name === ""
      ? `Wanted NAME=value; found ${JSON.stringify(text)}.`
      : `${name} is not set here; give it as ${name}=value.`,
  );
}
