// Starting a program in a group and session of its own, with plain pipes and clear refusals.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ToolError } from "../../tool.ts";
import type { Cgroup } from "./cgroup.ts";
import type { ProcessRequest } from "./process.ts";

/** A child that has a pid: its program is running. */
export interface LaunchedChild {
  readonly child: ChildProcess;
  readonly pid: number;
}

/**
 * Enters the control group, if it may, and becomes the program: no process stands between, and nothing that the program
 * forks can be outside. Moving a child from here would come too late: it may have forked already.
 */
const ENTER_AND_BECOME = '{ echo $$ >"$1/cgroup.procs"; } 2>/dev/null; shift; exec "$@"';
const SHELL = "/bin/sh";

/** With a control group, the program starts inside of it. Throws ToolError: `program_not_found`, `directory_not_found`, `spawn_failed`. */
export async function launch(
  request: Omit<ProcessRequest, "maxRecordBytes">,
  markers: Readonly<Record<string, string>>,
  cgroup: Cgroup | undefined,
): Promise<LaunchedChild> {
  const asked =
    typeof request.command === "string" ? shellCommand(request.command) : request.command;
  const isEntering = cgroup !== undefined && isExecutable(SHELL) && isFound(asked[0], request);
  const [program, ...args] = isEntering
    ? [SHELL, "-c", ENTER_AND_BECOME, SHELL, cgroup.directory, ...asked]
    : asked;
  try {
    const child = spawn(program, args, {
      cwd: request.cwd,
      env: { ...request.env, ...markers },
      detached: true,
      stdio: [request.stdin === "closed" ? "ignore" : "pipe", "pipe", "pipe"],
    });
    // A program that ends without reading all its input is its own affair.
    child.stdin?.on("error", () => undefined);
    if (child.pid !== undefined) return { child, pid: child.pid };
    const [error] = (await once(child, "error")) as [Error];
    throw error;
  } catch (error) {
    throw await explain(error as NodeJS.ErrnoException, asked[0], request.cwd);
  }
}

/** bash takes an input that is a socket, as Node's pipes are, for that of a remote login, and would read the user's ~/.bashrc. */
function shellCommand(command: string): readonly [string, ...string[]] {
  return ["bash", "--norc", "-c", command];
}

/** A shell would answer what cannot be started with an exit code; started plainly it is a clear refusal. */
function isFound(program: string, { cwd, env }: Omit<ProcessRequest, "maxRecordBytes">): boolean {
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
): Promise<ToolError> {
  if (failure.code === "ENOENT" || failure.code === "ENOTDIR" || failure.code === "EACCES") {
    const directory = await stat(cwd).catch(() => undefined);
    if (!directory?.isDirectory()) {
      const found = directory ? "a file" : "nothing";
      const message = `Wanted to start ${program} in ${cwd}, but found ${found} there; give a directory that exists`;
      return new ToolError("directory_not_found", message, { data: { cwd }, cause: failure });
    }
    if (failure.code === "ENOENT") {
      const message = `There is no program ${program} on the PATH of the command (or the interpreter in its first line is missing); install it or give its full path`;
      return new ToolError("program_not_found", message, { data: { program }, cause: failure });
    }
  }
  return new ToolError(
    "spawn_failed",
    `${program} could not be started in ${cwd}: ${failure.message}`,
    {
      data: { program, ...(failure.code !== undefined && { errno: failure.code }) },
      cause: failure,
    },
  );
}
