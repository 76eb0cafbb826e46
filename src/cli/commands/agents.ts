// `harnessd agents` and `harnessd agents install`: the agent programs of the box.
import {
  type InstallProgress,
  type InstallResult,
  installAgents,
  listAgents,
} from "../agents/install.ts";
import { readConfig, readEnvironment } from "../settings/config.ts";
import { EXIT } from "./exit-status.ts";

type Flags = Readonly<Record<string, unknown>>;
type Status = Awaited<ReturnType<typeof listAgents>>[number];

const BYTES_PER_MB = 1_000_000;

export async function list(flags: Flags): Promise<void> {
  const { agentsDir } = readConfig(flags);
  const agents = await listAgents(agentsDir);
  if (flags["json"] === true) process.stdout.write(`${JSON.stringify({ agentsDir, agents })}\n`);
  else for (const agent of agents) process.stdout.write(`${describe(agent)}\n`);
}

/** Ctrl-C stops it and leaves nothing half installed. */
export async function install(names: readonly string[], flags: Flags): Promise<void> {
  const { agentsDir } = readConfig(flags);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const results = await installAgents(names, {
    agentsDir,
    env: readEnvironment(),
    onProgress: progressTo(process.stderr),
    signal: interrupted.signal,
  });
  for (const result of results) process.stdout.write(`${describeResult(result)}\n`);
  if (results.some((result) => !result.ready)) process.exitCode = EXIT.failed;
}

function describe(agent: Status): string {
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
