// A context for the git tools: with a process table, and an environment without this machine's git configuration.
import { onTestFinished } from "vitest";
import { BoxProcesses } from "../../../tools/machinery/process/process-table.ts";
import type { ToolContext } from "../../../tools/tool.ts";
import { contextIn, makeDirectory } from "../tool-context.ts";

export interface GitContext extends ToolContext {
  /** All that was emitted. */
  readonly emitted: () => string;
}

export async function gitContextIn(
  cwd: string,
  over: Partial<ToolContext> = {},
): Promise<GitContext> {
  const processes = new BoxProcesses({ directory: await makeDirectory(), boxId: cwd });
  onTestFinished(async () => void (await processes.stopAll(0)));
  let emitted = "";
  return {
    ...contextIn(cwd),
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: await makeDirectory(),
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_COUNT: "2",
      ...IDENTITY,
    },
    processes,
    emit: async (_, text) => void (emitted += text),
    ...over,
    emitted: () => emitted,
  };
}

const IDENTITY = {
  GIT_CONFIG_KEY_0: "user.name",
  GIT_CONFIG_VALUE_0: "Tess Ter",
  GIT_CONFIG_KEY_1: "user.email",
  GIT_CONFIG_VALUE_1: "tess@example.com",
};
