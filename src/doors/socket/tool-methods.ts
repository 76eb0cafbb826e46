// The tools as methods of the wire: same name, same input, same output.
import { z } from "zod";
import type { PathPolicy } from "../../../tools/path-policy.ts";
import type { ProcessTable } from "../../../tools/process.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import { callTool, type Tool } from "../../../tools/tool.ts";
import type { Method } from "./method.ts";

export interface ToolMethodsOptions {
  readonly tools: readonly Tool[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly paths: PathPolicy;
  readonly processes: ProcessTable;
}

export function toolMethods({ tools, ...surroundings }: ToolMethodsOptions): [string, Method][] {
  return tools.map((tool) => [
    tool.name,
    {
      params: z.unknown(), // `callTool` parses
      outlivesConnection: tool.effect !== "read", // a host's broken line ends no process and leaves no half-done write
      handle: async (input, { signal }) => {
        const outcome = await callTool(tool, input, { ...surroundings, signal });
        if (outcome.ok) return outcome.output;
        const { code, message, data } = outcome.error;
        throw new CodedError(code, message, { data });
      },
    },
  ]);
}
