// What may stand next on a command line, read from the declarations of the commands themselves.
import type { Argument, Command, Option } from "commander";

export interface Candidate {
  readonly value: string;
  readonly note: string;
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** False where a file's name would be wrong. */
  readonly mayBeFile: boolean;
}

/** Values that no declaration can list, by the name of the argument or option that takes them. */
export type Sources = Readonly<Record<string, () => readonly Candidate[]>>;

const NOTHING: Candidates = { candidates: [], mayBeFile: false };

interface Place {
  readonly command: Command;
  /** How many arguments stand before. */
  readonly position: number;
  /** The option whose value comes next. */
  readonly option: Option | undefined;
  /** The rest of the line is another program's. */
  readonly isPassedOn: boolean;
}

/** The last of `words` is the one being written; it may be empty. */
export function candidatesFor(
  program: Command,
  words: readonly string[],
  sources: Sources,
): Candidates {
  const partial = words.at(-1) ?? "";
  const { candidates, mayBeFile } = allAt(placeOf(program, words.slice(0, -1)), partial, sources);
  return { candidates: candidates.filter(({ value }) => value.startsWith(partial)), mayBeFile };
}

function placeOf(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, position: 0, option: undefined, isPassedOn: false };
  for (const word of words) place = after(place, word);
  return place;
}

function after(place: Place, word: string): Place {
  const { command, position, option, isPassedOn } = place;
  if (isPassedOn) return place;
  // bash takes `--option=value` for three words.
  if (option) return word === "=" ? place : { ...place, option: undefined };
  if (word === "--") return { ...place, isPassedOn: true };
  if (word.startsWith("-")) {
    const named = command.options.find((each) => each.long === word || each.short === word);
    return { ...place, option: named?.required === true ? named : undefined };
  }
  const next = position === 0 ? command.commands.find((each) => each.name() === word) : undefined;
  if (next) return { command: next, position: 0, option: undefined, isPassedOn: false };
  // Commander keeps to itself that a command hands options on; only `exec` takes a command.
  const passesOn = command.registeredArguments[0]?.name() === "command";
  return { ...place, position: position + 1, isPassedOn: passesOn };
}

function allAt(
  { command, position, option, isPassedOn }: Place,
  partial: string,
  sources: Sources,
): Candidates {
  if (isPassedOn) return { candidates: [], mayBeFile: true };
  if (option)
    return valuesOf(option.attributeName(), option.argChoices, isFileOption(option), sources);
  if (partial.startsWith("-")) return { candidates: optionsOf(command), mayBeFile: false };
  const argument = argumentAt(command, position);
  const commands = position === 0 ? commandsOf(command) : [];
  const { candidates, mayBeFile } = argument
    ? valuesOf(argument.name(), argument.argChoices, isFileArgument(argument), sources)
    : NOTHING;
  return { candidates: [...commands, ...candidates], mayBeFile };
}

function valuesOf(
  name: string,
  choices: readonly string[] | undefined,
  mayBeFile: boolean,
  sources: Sources,
): Candidates {
  const listed = choices?.map((value) => ({ value, note: "" }));
  return { candidates: listed ?? sources[name]?.() ?? [], mayBeFile };
}

function argumentAt({ registeredArguments }: Command, position: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[position] ?? (last?.variadic === true ? last : undefined);
}

function commandsOf(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((each) => ({ value: each.name(), note: each.description() }));
}

function optionsOf(command: Command): Candidate[] {
  const visible = command.createHelp().visibleOptions(command);
  return visible.flatMap(({ long, description }) =>
    long == null ? [] : [{ value: long, note: description }],
  );
}

function isFileOption({ flags }: Option): boolean {
  return /<(file|dir|server)\b/.test(flags);
}

function isFileArgument(argument: Argument): boolean {
  return ["from", "to", "command"].includes(argument.name());
}
