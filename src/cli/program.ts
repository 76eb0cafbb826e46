// The commands of `harnessd`: one file each, loaded when it is called, or when help and completion need all of them.
import { Command } from "commander";
import { VERSION } from "../wire/version.ts";
import { EXIT_HELP } from "./exit-status.ts";

const HELP_WIDTH = 100;

/** In the order of the help. Adding a command costs its file and a line here. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: () => Command }>>> = {
  serve: () => import("./commands/serve.ts"),
  run: () => import("./commands/run.ts"),
  exec: () => import("./commands/exec.ts"),
  cp: () => import("./commands/cp.ts"),
  runs: () => import("./commands/runs.ts"),
  attach: () => import("./commands/attach.ts"),
  steer: () => import("./commands/steer.ts"),
  cancel: () => import("./commands/cancel.ts"),
  permissions: () => import("./commands/permissions.ts"),
  sessions: () => import("./commands/sessions.ts"),
  status: () => import("./commands/status.ts"),
  agents: () => import("./commands/agents.ts"),
  completion: () => import("./commands/completion.ts"),
  complete: () => import("./commands/complete.ts"),
};
/** Asked by completion scripts about all the others, and not shown. */
const COMPLETE = "complete";

export interface ProgramOptions {
  /** Wrong usage is only thrown and not printed. */
  readonly isQuiet?: boolean | undefined;
}

/** Only the command that `args` name is loaded; all of them when it names none. */
export async function createProgram(
  args: readonly string[],
  { isQuiet = false }: ProgramOptions = {},
): Promise<Command> {
  const program = new Command("harnessd")
    .description(
      "The agent harness runtime that lives inside a box: tools, agents and a durable event stream behind one WebSocket.",
    )
    .version(VERSION, "-v, --version", "print the version")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      `
Examples:
  harnessd run "make the tests pass"     run one prompt here, with a daemon of its own
  harnessd serve --workspace /workspace  start a daemon that hosts and the commands above talk to
  harnessd run --help                    every command has help with examples

${EXIT_HELP}

docs/cli.md says more.`,
    );
  for (const load of loadersFor(args)) {
    const command = (await load()).command();
    program.addCommand(command, { hidden: command.name() === COMPLETE });
  }
  for (const each of allCommands(program)) {
    each.exitOverride().configureHelp({ helpWidth: HELP_WIDTH });
    each.configureOutput({
      outputError: (text, write) => void (isQuiet || write(text.replace(/^error: /, "harnessd: "))),
    });
    each.showHelpAfterError(isQuiet ? false : `(${pathOf(each)} --help says more)`);
  }
  return program;
}

function loadersFor([name = ""]: readonly string[]) {
  const named = name !== COMPLETE && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return named ? [named] : Object.values(COMMANDS);
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
