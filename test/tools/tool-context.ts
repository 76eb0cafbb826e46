// What a tool test needs: a directory of its own, and a context that starts there.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { EVERYWHERE } from "../../tools/paths.ts";
import type { ProcessTable } from "../../tools/process.ts";
import { callTool, type Tool, type ToolContext } from "../../tools/tool.ts";

/** A new directory, removed when the test ends. */
export async function makeDirectory(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "harnessd-test-")));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export function contextIn(cwd: string, over: Partial<ToolContext> = {}): ToolContext {
  return {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd },
    signal: new AbortController().signal,
    emit: async () => undefined,
    paths: EVERYWHERE,
    // The tools tested with this context start no process through the table.
    processes: undefined as unknown as ProcessTable,
    ...over,
  };
}

/** The tool's output, or its refusal thrown. */
export async function output(
  tool: Tool,
  input: Record<string, unknown>,
  context: ToolContext,
  // eslint-disable-next-line typescript/no-explicit-any
): Promise<any> {
  const outcome = await callTool(tool, input, context);
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.output;
}

/** The refusal that the call must end in. */
export async function refusal(tool: Tool, input: Record<string, unknown>, context: ToolContext) {
  const outcome = await callTool(tool, input, context);
  if (outcome.ok)
    throw new Error(`The call was not refused, but answered ${JSON.stringify(outcome.output)}`);
  return outcome.error;
}
