// The agent programs that harnesses drive: the one place for their versions, what npm calls them, and how to find one that is installed.
import { CodedError } from "../tools/coded-error.ts";
import { access, constants, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a program's build depends on. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The C library of a Linux. */
  readonly isMusl: boolean;
  /** Some builds for x64 need it. */
  readonly hasAvx2: boolean;
}

/** A package that holds a program's binary for one kind of machine; `spec` is what npm installs under `name`. */
export interface ProgramPackage {
  readonly name: string;
  readonly spec: string;
}

export interface AgentProgram {
  /** The harness's name. */
  readonly name: string;
  readonly title: string;
  /** Pinned: an adapter is tested against this one. */
  readonly version: string;
  /** Those that run on this machine, best first; empty when the vendor makes none. */
  packagesFor(machine: Machine): readonly ProgramPackage[];
  /** The binary's path inside the package, one entry per folder; `*` is the only entry of its folder. */
  readonly binary: readonly string[];
}

const CLAUDE_CODE = "2.1.330";
const CODEX = "0.169.0";
const OPENCODE = "1.18.33";

// Each vendor's main package is a wrapper that picks one of these; taken directly, there is no wrapper process and no second copy.
export const agentPrograms: readonly AgentProgram[] = [
  {
    name: "claude-code",
    title: "Claude Code",
    version: CLAUDE_CODE,
    packagesFor: (machine) =>
      onKnown(machine, (target) => [
        {
          name: `@anthropic-ai/claude-code-${target}${machine.isMusl ? "-musl" : ""}`,
          spec: CLAUDE_CODE,
        },
      ]),
    binary: ["claude"],
  },
  {
    name: "codex",
    title: "Codex",
    version: CODEX,
    packagesFor: (machine) =>
      onKnown(machine, (target) => [
        { name: `@openai/codex-${target}`, spec: `npm:@openai/codex@${CODEX}-${target}` },
      ]),
    binary: ["vendor", "*", "bin", "codex"],
  },
  {
    name: "opencode",
    title: "OpenCode",
    version: OPENCODE,
    packagesFor: (machine) =>
      onKnown(machine, (target) => {
        const baseline = machine.arch === "x64" ? ["-baseline"] : [];
        const builds = machine.hasAvx2 || machine.arch !== "x64" ? ["", ...baseline] : baseline;
        return builds.map((build) => ({
          name: `opencode-${target}${build}${machine.isMusl ? "-musl" : ""}`,
          spec: OPENCODE,
        }));
      }),
    binary: ["bin", "opencode"],
  },
];

function onKnown(
  { platform, arch }: Machine,
  make: (target: string) => readonly ProgramPackage[],
): readonly ProgramPackage[] {
  const isKnown = ["linux", "darwin"].includes(platform) && ["x64", "arm64"].includes(arch);
  return isKnown ? make(`${platform}-${arch}`) : [];
}

/** Throws CodedError `unknown_agent`, which lists the known. */
export function agentProgram(name: string): AgentProgram {
  const program = agentPrograms.find((each) => each.name === name);
  if (program) return program;
  const known = agentPrograms.map((each) => each.name).join(", ");
  throw new CodedError("unknown_agent", `There is no agent program "${name}"; known are: ${known}`);
}

/** Where a version of a program is installed: one directory per program and version. */
export function agentDirectory(agentsDir: string, { name, version }: AgentProgram): string {
  return join(agentsDir, name, version);
}

/** Reads as a `Readiness` too, so that a harness's `check` can answer with it. */
export type AgentLocation =
  | { readonly ready: true; readonly version: string; readonly path: string }
  | { readonly ready: false; readonly reason: string; readonly fix: string };

/** Finds the pinned version's binary, to be run directly. Throws CodedError `unknown_agent`. */
export async function locateAgent(name: string, agentsDir: string): Promise<AgentLocation> {
  const program = agentProgram(name);
  const machine = await describeMachine();
  const packages = program.packagesFor(machine);
  if (packages.length === 0) {
    const reason = `${program.title} is not made for ${machine.platform}-${machine.arch}`;
    return { ready: false, reason, fix: "Run harnessd on Linux or macOS, on x64 or arm64" };
  }
  for (const { name: packageName } of packages) {
    const path = await findBinary(
      join(agentDirectory(agentsDir, program), "node_modules", packageName),
      program.binary,
    );
    if (path !== null) return { ready: true, version: program.version, path };
  }
  return {
    ready: false,
    reason: await absenceOf(program, agentsDir),
    fix: `harnessd agents install ${name}`,
  };
}

/** The same, for a harness about to start: throws CodedError `program_not_installed`, which names the command to run. */
export async function requireAgent(
  name: string,
  agentsDir: string,
): Promise<{ readonly version: string; readonly path: string }> {
  const location = await locateAgent(name, agentsDir);
  if (location.ready) return location;
  throw new CodedError("program_not_installed", `${location.reason}; to fix it: ${location.fix}`, {
    data: { fix: location.fix },
  });
}

/** The binary below a package's directory. Null when it is missing or may not be run. */
export async function findBinary(
  directory: string,
  steps: readonly string[],
): Promise<string | null> {
  try {
    let path = directory;
    for (const step of steps) path = join(path, step === "*" ? await onlyEntry(path) : step);
    await access(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
}

async function onlyEntry(directory: string): Promise<string> {
  const [entry] = await readdir(directory);
  if (entry === undefined) throw new Error(`${directory} is empty`);
  return entry;
}

async function absenceOf(program: AgentProgram, agentsDir: string): Promise<string> {
  const entries = await readdir(join(agentsDir, program.name)).catch(() => []);
  const others = entries.filter((version) => version !== program.version);
  const title = `${program.title} ${program.version}`;
  if (entries.length > others.length) return `${title} is installed incompletely in ${agentsDir}`;
  if (others.length > 0)
    return `${title} is needed, and only ${others.join(", ")} is installed in ${agentsDir}`;
  return `${title} is not installed in ${agentsDir}`;
}

let thisMachine: Promise<Machine> | undefined;

/** The machine that this runs on; looked at once. */
export function describeMachine(): Promise<Machine> {
  thisMachine ??= lookAtMachine();
  return thisMachine;
}

async function lookAtMachine(): Promise<Machine> {
  const { platform, arch } = process;
  const isLinux = platform === "linux";
  return {
    platform,
    arch,
    isMusl: isLinux && (await hasMuslLoader()),
    hasAvx2: isLinux && arch === "x64" && (await hasAvx2()),
  };
}

async function hasMuslLoader(): Promise<boolean> {
  const libraries = await readdir("/lib").catch(() => []);
  const loaders = await readdir("/lib64").catch(() => []);
  const isGlibc = [...libraries, ...loaders].some((name) => name.startsWith("ld-linux"));
  return !isGlibc && libraries.some((name) => name.startsWith("ld-musl-"));
}

async function hasAvx2(): Promise<boolean> {
  return /\bavx2\b/.test(await readFile("/proc/cpuinfo", "utf8").catch(() => ""));
}
