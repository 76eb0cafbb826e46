// From a call's fields to a process: where it starts, what it is given to read, and whose it is.
import { CodedError } from "../../coded-error.ts";
import { resolvePath } from "../../paths.ts";
import type { ToolContext } from "../../tool.ts";
import type { BoxProcess, ProcessRequest } from "../../process.ts";

export interface CommandFields {
  readonly command: string | readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Throws CodedError as `resolvePath` does. */
export async function requestOf(
  fields: CommandFields,
  stdin: ProcessRequest["stdin"],
  context: ToolContext,
): Promise<ProcessRequest> {
  return {
    command: fields.command as ProcessRequest["command"],
    cwd:
      fields.cwd === undefined
        ? context.cwd
        : await resolvePath(fields.cwd, context.cwd, context.paths),
    env: { ...context.env, ...fields.env },
    stdin,
    owner: context.owner,
    timeoutMs: fields.timeoutMs,
  };
}

/** Throws CodedError `invalid_base64`. */
export function bytesOf(data: string, encoding: "text" | "base64"): Uint8Array {
  if (encoding === "text") return Buffer.from(data);
  const bytes = Buffer.from(data, "base64");
  // Node skips what is no base64; nothing that a program is to read may get lost that way.
  if (bytes.toString("base64").replaceAll("=", "") === data.replaceAll(/[=\s]/g, "")) return bytes;
  throw new CodedError(
    "invalid_base64",
    "The data is not base64 (RFC 4648, with + and /); send text with the encoding `text`",
  );
}

/** The host may touch every process, a run only its own. Throws CodedError: `process_not_found`, `not_your_process`. */
export function findProcess(processId: string, context: ToolContext): BoxProcess {
  const process = context.processes.get(processId);
  if (context.owner === undefined || process.request.owner === context.owner) return process;
  throw new CodedError(
    "not_your_process",
    `${processId} was not started by this run; a run may only touch what it started itself`,
    {
      data: { processId },
    },
  );
}
