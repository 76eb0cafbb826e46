// Starting a program in a group and session of its own, with plain pipes and clear refusals.
import { CodedError } from "../../coded-error.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { getSystemErrorName } from "node:util";
import { type Arguments, argumentsOf } from "./argument-limits.ts";
import type { Cgroup } from "./cgroup.ts";
import type { ProcessRequest } from "../../process.ts";
import type { ProgramExit } from "./spawned-child.ts";
import { type Spawner, SpawnFailure } from "./spawner.ts";
import type { SupervisedTree } from "./supervised-tree.ts";

/** A program that is running. */
export interface LaunchedChild {
  readonly pid: number;
  /** Null where it was asked to be closed. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ProgramExit>;
  /** Absent where there is no spawner. */
  readonly tree?: SupervisedTree | undefined;
  /** What the kernel says that it, and in the end its whole tree, has used. */
  readonly cpuMs?: number | undefined;
  readonly peakMemoryBytes?: number | undefined;
}

type LaunchRequest = Omit<ProcessRequest, "maxRecordBytes">;

export interface LaunchContext {
  readonly markers: Readonly<Record<string, string>>;
  readonly cgroup: Cgroup | undefined;
  readonly spawner: Spawner | undefined;
}

/** With a control group, the program starts inside of it. Throws CodedError: `program_not_found`, `directory_not_found`, `spawn_failed`, `too_large`. */
export async function launch(
  request: LaunchRequest,
  { markers, cgroup, spawner }: LaunchContext,
): Promise<LaunchedChild> {
  const given = argumentsOf(request.command, { ...request.env, ...markers });
  try {
    return await (spawner
      ? launchBySpawner(request, given, cgroup, spawner)
      : launchByNode(request, given, markers, cgroup));
  } catch (error) {
    throw await explain(error as NodeJS.ErrnoException, given.args[0], request.cwd);
  }
}

async function launchBySpawner(
  { cwd, stdin }: LaunchRequest,
  given: Arguments,
  cgroup: Cgroup | undefined,
  spawner: Spawner,
): Promise<LaunchedChild> {
  try {
    return await spawner.start({
      ...given,
      directory: cwd,
      cgroup: cgroup?.directory ?? "",
      hasInput: stdin !== "closed",
    });
  } catch (error) {
    if (!(error instanceof SpawnFailure)) throw error;
    const code = getSystemErrorName(-error.errno);
    throw Object.assign(new Error(`${code}, ${error.message}`, { cause: error }), { code });
  }
}

/**
 * Enters the control group, if it may, and becomes the program: no process stands between, and nothing that the program
 * forks can be outside. Moving a child from here would come too late: it may have forked already.
 */
const ENTER_AND_BECOME = '{ echo $$ >"$1/cgroup.procs"; } 2>/dev/null; shift; exec "$@"';
const SHELL = "/bin/sh";

/** Where there is no spawner. Node's pipes are sockets, which programs cannot open by name as /dev/stdout. */
async function launchByNode(
  request: LaunchRequest,
  { args: asked }: Arguments,
  markers: Readonly<Record<string, string>>,
  cgroup: Cgroup | undefined,
): Promise<LaunchedChild> {
  const isEntering = cgroup !== undefined && isExecutable(SHELL) && isFound(asked[0], request);
  const [program, ...args] = isEntering
    ? [SHELL, "-c", ENTER_AND_BECOME, SHELL, cgroup.directory, ...asked]
    : asked;
  const child = spawn(program, args, {
    cwd: request.cwd,
    env: { ...request.env, ...markers },
    detached: true,
    stdio: [request.stdin === "closed" ? "ignore" : "pipe", "pipe", "pipe"],
  });
  // A program that ends without reading all its input is its own affair.
  child.stdin?.on("error", () => undefined);
  const { pid, stdin, stdout, stderr } = child;
  if (pid !== undefined && stdout && stderr)
    return { pid, stdin, stdout, stderr, exited: exitOf(child) };
  const [error] = (await once(child, "error")) as [Error];
  throw error;
}

function exitOf(child: ChildProcess): Promise<ProgramExit> {
  return new Promise((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/** A shell would answer what cannot be started with an exit code; started plainly it is a clear refusal. */
function isFound(program: string, { cwd, env }: LaunchRequest): boolean {
  if (program.includes("/")) return isExecutable(resolve(cwd, program));
  return (env["PATH"] ?? "")
    .split(":")
    .some((directory) => isExecutable(resolve(cwd, directory, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** ENOENT and EACCES say neither whether the program or its directory is meant. */
async function explain(
  failure: NodeJS.ErrnoException,
  program: string,
  cwd: string,
): Promise<CodedError> {
  if (failure.code === "ENOENT" || failure.code === "ENOTDIR" || failure.code === "EACCES") {
    const directory = await stat(cwd).catch(() => undefined);
    if (!directory?.isDirectory()) {
      const found = directory ? "a file" : "nothing";
      const message = `Wanted to start ${program} in ${cwd}, but found ${found} there; give a directory that exists`;
      return new CodedError("directory_not_found", message, { data: { cwd }, cause: failure });
    }
    if (failure.code === "ENOENT") {
      const message = `There is no program ${program} on the PATH of the command (or the interpreter in its first line is missing); install it or give its full path`;
      return new CodedError("program_not_found", message, { data: { program }, cause: failure });
    }
  }
  return new CodedError(
    "spawn_failed",
    `${program} could not be started in ${cwd}: ${failure.message}`,
    {
      data: { program, ...(failure.code !== undefined && { errno: failure.code }) },
      cause: failure,
    },
  );
}
