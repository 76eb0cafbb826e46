// The real tools as methods, on real processes in a temporary directory.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Method } from "../../../src/doors/socket/method.ts";
import { toolMethods } from "../../../src/doors/socket/tool-methods.ts";
import { tools } from "../../../tools/index.ts";
import { EVERYWHERE } from "../../../tools/paths.ts";
import { BoxProcesses } from "../../../tools/machinery/process/process-table.ts";

export interface ToolBox {
  readonly directory: string;
  readonly processes: BoxProcesses;
  readonly table: [string, Method][];
}

export function openTools(): ToolBox {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-client-"));
  const processes = new BoxProcesses({
    boxId: randomUUID(),
    graceMs: 500,
    directory: join(directory, ".processes"),
  });
  onTestFinished(async () => {
    await processes.stopAll(100);
    rmSync(directory, { recursive: true });
  });
  const env = { PATH: process.env["PATH"] ?? "" };
  return {
    directory,
    processes,
    table: toolMethods({ tools, cwd: directory, env, paths: EVERYWHERE, processes }),
  };
}
