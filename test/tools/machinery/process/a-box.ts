// What a test of processes needs: a box of its own, the fixture programs, and a look at who is still alive.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { BoxProcess, ProcessRequest } from "../../../../tools/process.ts";
import {
  BoxProcesses,
  type BoxProcessesOptions,
} from "../../../../tools/machinery/process/process-table.ts";
import { makeDirectory } from "../../tool-context.ts";

export const PATH = process.env["PATH"] ?? "";

/** A box that ends all it has started when the test ends. */
export async function makeBox(over: Partial<BoxProcessesOptions> = {}): Promise<BoxProcesses> {
  const directory = over.directory ?? join(await makeDirectory(), "spill");
  const box = new BoxProcesses({ boxId: randomUUID(), graceMs: 500, ...over, directory });
  onTestFinished(async () => {
    await box.close(0);
  });
  return box;
}

export function asking(
  command: ProcessRequest["command"],
  over: Partial<ProcessRequest> = {},
): ProcessRequest {
  return { command, cwd: "/", env: { PATH }, stdin: "closed", ...over };
}

/** The command that runs a fixture program. */
export function program(name: string, ...args: string[]): [string, ...string[]] {
  return [
    "bash",
    fileURLToPath(new URL(`../../../fixtures/programs/${name}.sh`, import.meta.url)),
    ...args,
  ];
}

/** What the process has printed on stdout, once it is at least so long. */
export async function printed(process: BoxProcess, atLeastBytes = 1): Promise<string> {
  const signal = AbortSignal.timeout(10_000);
  while (process.stdout.totalBytes < atLeastBytes && !signal.aborted)
    await process.stdout.waitPast(process.stdout.totalBytes, signal);
  const { bytes } = await process.stdout.read(0, 1 << 20);
  return Buffer.from(bytes).toString();
}

export async function printedPid(process: BoxProcess): Promise<number> {
  return Number((await printed(process, 2)).trim());
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
