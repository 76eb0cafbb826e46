// Starting a program in a group and session of its own, with plain pipes and clear refusals.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { ToolError } from "../tool.ts";
import type { ProcessRequest } from "./process.ts";

/** A child that has a pid: its program is running. */
export interface LaunchedChild {
  readonly child: ChildProcess;
  readonly pid: number;
}

/** Throws ToolError: `program_not_found`, `directory_not_found`, `spawn_failed`. */
export async function launch(
  request: Omit<ProcessRequest, "maxRecordBytes">,
  markers: Readonly<Record<string, string>>,
): Promise<LaunchedChild> {
  const [program, args] = programOf(request.command);
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
    throw await explain(error as NodeJS.ErrnoException, program, request.cwd);
  }
}

function programOf(command: ProcessRequest["command"]): [string, readonly string[]] {
  if (typeof command === "string") return ["bash", ["-c", command]];
  const [program, ...args] = command;
  return [program, args];
}

/** ENOENT and EACCES say neither whether the program or its directory is meant. */
async function explain(failure: NodeJS.ErrnoException, program: string, cwd: string): Promise<ToolError> {
  if (failure.code === "ENOENT" || failure.code === "ENOTDIR" || failure.code === "EACCES") {
    const directory = await stat(cwd).catch(() => undefined);
    if (!directory?.isDirectory()) {
      const found = directory ? "a file" : "nothing";
      return new ToolError(
        "directory_not_found",
        `Wanted to start ${program} in ${cwd}, but found ${found} there; give a directory that exists`,
        {
          data: { cwd },
          cause: failure,
        },
      );
    }
    if (failure.code === "ENOENT") {
      const message = `There is no program ${program} on the PATH of the command (or the interpreter in its first line is missing); install it or give its full path`;
      return new ToolError("program_not_found", message, { data: { program }, cause: failure });
    }
  }
  return new ToolError("spawn_failed", `${program} could not be started in ${cwd}: ${failure.message}`, {
    data: { program, ...(failure.code !== undefined && { errno: failure.code }) },
    cause: failure,
  });
}
