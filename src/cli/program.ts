// The commands of `harnessd`, their arguments and their help. What each does stands in a file of its own, loaded when it is called.
import { Command, InvalidArgumentError, Option } from "commander";
import { settings, type Setting } from "../settings/settings.ts";
import { VERSION } from "../version.ts";
import { EXIT_HELP } from "./exit-status.ts";
import { INTERRUPT_HELP } from "./stop.ts";

export function createProgram(): Command {
  const program = new Command("harnessd")
    .description(
      "The agent harness runtime that lives inside a box: tools, agents and a durable event stream behind one WebSocket.",
    )
    .version(VERSION)
    .showHelpAfterError("(harnessd --help says more)")
    .configureHelp({ helpWidth: 110 });
  addServe(program);
  addRun(program);
  addExec(program);
  addRunCommands(program);
  addAgents(program);
  return program;
}

function addServe(program: Command): void {
  const serve = program
    .command("serve")
    .description(
      "Start the daemon. Prints its address as one line of JSON, logs to stderr, ends cleanly on SIGTERM and SIGINT.",
    )
    .addHelpText(
      "after",
      "\nProvider keys and base URLs are read from ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_API_KEY and their like.",
    )
    .action(async (flags: Record<string, unknown>) => (await import("./serve.ts")).serve(flags));
  for (const setting of Object.values(settings)) serve.addOption(optionOf(setting));
}

function addRun(program: Command): void {
  const run = program
    .command("run")
    .description(
      "Run one prompt and show what happens: on the daemon at --url, on the one that serves the state directory, or on one of its own.",
    )
    .argument("<prompt...>", "what is to be done")
    .option("--harness <name>", "which agent does it", "native")
    .option("--model <name>", "with its provider: anthropic/…, openai/…, openrouter/…, vercel/…")
    .option("--session <id>", "go on with this session")
    .option("--fork", "go on from the session, but leave it as it is")
    .option("--cwd <dir>", "where to work; the workspace when absent")
    .option("--schema <file>", "JSON Schema that the result must satisfy")
    .option("--system <text>", "text appended to the agent's system prompt")
    .option("--effort <level>", "low, medium or high")
    .option("--timeout <seconds>", "end the run when it takes longer", positive)
    .option("--max-turns <count>", "end the run after so many answers of the model", positive)
    .option("--max-tokens <count>", "end the run when it has used more", positive)
    .option("--max-cost <dollars>", "end the run when it has cost more", positive)
    .option("--key <key>", "idempotency key: the same key is the same run")
    .option("--json", "one event envelope a line; the last is run.ended")
    .addHelpText("after", `\n${INTERRUPT_HELP}\n${EXIT_HELP}`)
    .action(async (prompt: string[], flags: Record<string, unknown>) =>
      (await import("./run.ts")).run(prompt.join(" "), flags),
    );
  addTarget(run);
}

function addExec(program: Command): void {
  const exec = program
    .command("exec")
    .description(
      "Run a command in the box: standard streams and exit status are the command's own.",
    )
    .argument("<command...>", "program and arguments, after --")
    .option("--cwd <dir>", "where to run it")
    .option("--timeout <seconds>", "end it when it takes longer", positive)
    .action(async (command: string[], flags: Record<string, unknown>) =>
      (await import("./exec.ts")).exec(command, flags),
    );
  addTarget(exec);
}

function addRunCommands(program: Command): void {
  const runs = program
    .command("runs")
    .description("List runs, newest first.")
    .option("--state <state>", "queued, running or ended")
    .option("--limit <count>", "how many", positive, 20)
    .option("--json", "one run a line")
    .action(async (flags: Record<string, unknown>) => (await import("./runs.ts")).listRuns(flags));
  const attach = program
    .command("attach")
    .description("Show a run from its beginning and follow it to its end.")
    .argument("<run>", "its id")
    .option("--json", "one event envelope a line")
    .addHelpText("after", `\n${INTERRUPT_HELP}\n${EXIT_HELP}`)
    .action(async (runId: string, flags: Record<string, unknown>) =>
      (await import("./runs.ts")).attach(runId, flags),
    );
  const cancel = program
    .command("cancel")
    .description("End a run and everything that it started.")
    .argument("<run>", "its id")
    .option("--reason <text>", "kept with the run")
    .action(async (runId: string, flags: Record<string, unknown>) =>
      (await import("./runs.ts")).cancel(runId, flags),
    );
  for (const command of [runs, attach, cancel]) addTarget(command);
}

function addAgents(program: Command): void {
  const agents = program
    .command("agents")
    .description("List agent programs: installed, which version, ready or why not.")
    .addOption(optionOf(settings.agentsDir))
    .option("--json", "as JSON")
    .action(async (flags: Record<string, unknown>) => (await import("./agents.ts")).list(flags));
  agents
    .command("install")
    .description(
      "Install agent programs at the versions this harnessd was tested with; all when none is named.",
    )
    .argument("[name...]", "claude-code, codex, opencode")
    .addOption(optionOf(settings.agentsDir))
    .action(async (names: string[], flags: Record<string, unknown>, command: Command) =>
      (await import("./agents.ts")).install(names, { ...command.optsWithGlobals(), ...flags }),
    );
}

function addTarget(command: Command): void {
  command
    .option("--url <url>", "daemon to talk to (HARNESSD_URL)")
    .option("--token <token>", "its token (HARNESSD_TOKEN)")
    .addOption(optionOf(settings.stateDir))
    .addOption(optionOf(settings.workspace))
    .addOption(optionOf(settings.agentsDir));
}

/** Defaults are only shown here; `readConfig` applies them, after the variables. */
function optionOf({ flag, variable, help, standard }: Setting): Option {
  const note = [
    variable,
    ...(standard === undefined || standard === "" || Array.isArray(standard)
      ? []
      : [`default ${String(standard)}`]),
  ];
  return new Option(flag, `${help} (${note.join(", ")})`);
}

function positive(value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError("A positive number is wanted.");
}
