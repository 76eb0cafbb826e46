// `harnessd agents` and `harnessd agents install`: the agent programs of the box.
import { Command } from "commander";
import type { AgentStatus, InstallProgress, InstallResult } from "../../agents/install.ts";
import { readConfig, readEnvironment } from "../../settings/config.ts";
import { settings } from "../../settings/settings.ts";
import { EXIT } from "../exit-status.ts";
import { optionOf, type Flags } from "../options.ts";
import { printList } from "../print-list.ts";
import { onStop, statusOfSignal, type Stop } from "../stop.ts";

const BYTES_PER_MB = 1_000_000;

const HELP = `
Examples:
  harnessd agents
  harnessd agents install                  # all of them
  harnessd agents install claude-code codex`;

export function command(): Command {
  const agents = new Command("agents")
    .description("List agent programs: installed, which version, ready or why not.")
    .addOption(optionOf(settings.agentsDir))
    .option("--json", "as one object")
    .addHelpText("after", HELP)
    .action(list);
  agents
    .command("install")
    .description(
      "Install agent programs at the versions this harnessd was tested with; all when none is named.",
    )
    .argument("[name...]", "claude-code, codex, opencode")
    .addOption(optionOf(settings.agentsDir))
    .option("--json", "one result a line")
    .action((names: string[], flags: Flags, self: Command) =>
      install(names, { ...self.optsWithGlobals(), ...flags }),
    );
  return agents;
}

async function list(flags: Flags): Promise<void> {
  const { agentsDir } = readConfig(flags);
  const { listAgents } = await import("../../agents/install.ts");
  const agents = await listAgents(agentsDir);
  if (flags["json"] === true) process.stdout.write(`${JSON.stringify({ agentsDir, agents })}\n`);
  else for (const agent of agents) process.stdout.write(`${describe(agent)}\n`);
}

async function install(names: readonly string[], flags: Flags): Promise<void> {
  const { agentsDir } = readConfig(flags);
  const { installAgents } = await import("../../agents/install.ts");
  const interrupted = new AbortController();
  onStop((by) => interrupted.abort(by));
  try {
    const results = await installAgents(names, {
      agentsDir,
      env: readEnvironment(),
      onProgress: progressTo(process.stderr),
      signal: interrupted.signal,
    });
    printList(results, flags, describeResult, "");
    if (results.some((result) => !result.ready)) process.exitCode = EXIT.failed;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.stderr.write("harnessd: ended; nothing is left half installed\n");
    process.exitCode = statusOfSignal(interrupted.signal.reason as Stop);
  }
}

function describe(agent: AgentStatus): string {
  const state = agent.ready ? `ready  ${agent.path}` : `not ready: ${agent.reason}. ${agent.fix}`;
  return `${agent.name.padEnd(12)} ${agent.version.padEnd(10)} ${state}`;
}

function describeResult(result: InstallResult): string {
  const state = result.ready
    ? `ready${result.fresh ? "" : " (was there already)"}  ${result.path}`
    : `failed: ${result.reason}. ${result.fix}`;
  return `${result.name.padEnd(12)} ${result.version.padEnd(10)} ${state}`;
}

/** One line that is written over on a terminal; one line a stage elsewhere. */
function progressTo(stream: NodeJS.WriteStream): (progress: InstallProgress) => void {
  let last = "";
  return (progress) => {
    const stage = `${progress.name} ${progress.version}: ${progress.stage}`;
    const fetched =
      "bytes" in progress && typeof progress.bytes === "number"
        ? ` ${(progress.bytes / BYTES_PER_MB).toFixed(0)} MB`
        : "";
    if (stream.isTTY)
      stream.write(
        `\r\u001B[K${stage}${fetched}${progress.stage === "ready" || progress.stage === "failed" ? "\n" : ""}`,
      );
    else if (stage !== last) stream.write(`${stage}\n`);
    last = stage;
  };
}
