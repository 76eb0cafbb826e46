// What a tool is: a named operation on the box, declared once for every door (JSON-RPC, MCP, a model's function call).
import { z } from "zod";
import { CodedError } from "./coded-error.ts";
import type { PathPolicy } from "./path-policy.ts";
import type { ProcessTable } from "./process.ts";

/** What a call may do to the box; permissions and MCP hints are read from it. */
export type ToolEffect = "read" | "write" | "execute";

/** Everything a tool may touch. No tool reads `process.env` or holds state of its own. */
export interface ToolContext {
  /** Absolute directory that relative paths and commands start from. */
  readonly cwd: string;
  /** The whole environment a command gets; holds none of the daemon's secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Aborting it ends what the call started, whole process trees included. */
  readonly signal: AbortSignal;
  /** Output as it comes, never split inside a character. Awaiting it lets a slow reader slow the tool down. Absent where nobody listens. */
  readonly emit?: ((stream: "stdout" | "stderr", text: string) => Promise<void>) | undefined;
  /** Which paths may be touched. */
  readonly paths: PathPolicy;
  /** The processes of the box. */
  readonly processes: ProcessTable;
  /** The run on whose behalf this is; absent for a call by the host. Whatever is started belongs to it and ends with it. */
  readonly owner?: string | undefined;
}

export interface Tool<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  /** `<folder>_<file>`, dashes as underscores: the only name, at every door. */
  readonly name: string;
  /** One or two sentences for a model or a person choosing among tools. */
  readonly description: string;
  readonly effect: ToolEffect;
  readonly input: Input;
  readonly output: Output;
  /** Throws `CodedError` for what the caller can act on; any other throw is a bug. */
  run(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
}

export interface ToolFailure {
  readonly code: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export type ToolOutcome =
  | { readonly ok: true; readonly output: Record<string, unknown> }
  | { readonly ok: false; readonly error: ToolFailure };

/** A tool as it is written down: its schemas are made when they are first needed, which costs a daemon's start nothing. */
type Declaration<Name extends string, Input extends z.ZodObject, Output extends z.ZodObject> = Omit<
  Tool<Input, Output>,
  "input" | "output"
> & {
  readonly name: Name;
  readonly input: () => Input;
  readonly output: () => Output;
};

/** Gives a declaration its types, its name's included, from which the client infers; the catalogue then holds it as a plain `Tool`. */
export function defineTool<
  const Name extends string,
  Input extends z.ZodObject,
  Output extends z.ZodObject,
>(declaration: Declaration<Name, Input, Output>): Tool<Input, Output> & { readonly name: Name } {
  let input: Input | undefined;
  let output: Output | undefined;
  return {
    ...declaration,
    get input() {
      return (input ??= declaration.input());
    },
    get output() {
      return (output ??= declaration.output());
    },
  };
}

/** Parse, run, answer. Bad input, a `CodedError` and a cancel are answers; anything else thrown is a bug and passes through. */
export async function callTool(
  tool: Tool,
  input: unknown,
  context: ToolContext,
): Promise<ToolOutcome> {
  const parsed = tool.input.safeParse(input ?? {});
  if (!parsed.success)
    return refusal("invalid_input", z.prettifyError(parsed.error), { issues: parsed.error.issues });
  try {
    context.signal.throwIfAborted();
    const output = await tool.run(parsed.data, context);
    if (context.signal.aborted) return cancelled();
    return { ok: true, output: tool.output.parse(output) };
  } catch (error) {
    if (context.signal.aborted) return cancelled();
    if (error instanceof CodedError) return refusal(error.code, error.message, error.data);
    throw error;
  }
}

function refusal(
  code: string,
  message: string,
  data?: Readonly<Record<string, unknown>>,
): ToolOutcome {
  return { ok: false, error: { code, message, ...(data && { data }) } };
}

function cancelled(): ToolOutcome {
  return refusal("cancelled", "The call was cancelled before it finished");
}

export interface ToolSchemas {
  readonly input: Record<string, unknown>;
  readonly output: Record<string, unknown>;
}

/** The JSON Schemas of a tool: what MCP lists and what a model is given. */
export function schemasOf(tool: Tool): ToolSchemas {
  return {
    input: z.toJSONSchema(tool.input, { io: "input" }) as Record<string, unknown>,
    output: z.toJSONSchema(tool.output, { io: "output" }) as Record<string, unknown>,
  };
}
