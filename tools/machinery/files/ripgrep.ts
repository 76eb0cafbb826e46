// Running ripgrep, and reading what it prints piece by piece, so that an answer can stop it.
import { CodedError } from "../../coded-error.ts";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { headOf } from "../text/cut.ts";
import { errnoOf } from "./errno.ts";

export interface RipgrepRequest {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The byte that ends a record: a line feed, or NUL with `--null`. */
  readonly separator: "\n" | "\0";
}

const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_STDERR_CHARS = 4000;
/** ripgrep's exit code for trouble; 1 only means that nothing was found. */
const EXIT_TROUBLE = 2;

/**
 * The records that ripgrep prints; one longer than a mebibyte is left out. Leaving the loop early ends ripgrep.
 * Throws CodedError: `program_not_found`, `invalid_pattern` (also for an argument that holds a NUL). Files that may not be read are passed over.
 */
export async function* ripgrep(request: RipgrepRequest): AsyncGenerator<string> {
  const child = await start(request);
  let stderr = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (stderr = headOf(stderr + text, MAX_STDERR_CHARS)));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  let records = 0;
  try {
    for await (const record of recordsOf(child.stdout, request.separator)) {
      records++;
      yield record;
    }
    if ((await closed) === EXIT_TROUBLE && records === 0) refuseTrouble(stderr);
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
}

async function start({
  args,
  cwd,
  env,
  signal,
}: RipgrepRequest): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const program = await programPath();
  if (args.some((each) => each.includes("\0")))
    throw new CodedError("invalid_pattern", "A pattern must not hold a NUL character");
  const child = spawn(program, ["--no-config", ...args], {
    cwd,
    env,
    signal,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw missing(error);
    throw error;
  }
  // From here on an abort ends the output, which is all that the reader needs to know.
  child.on("error", () => undefined);
  return child;
}

async function programPath(): Promise<string> {
  try {
    return (await import("@vscode/ripgrep")).rgPath;
  } catch (error) {
    throw missing(error);
  }
}

function missing(cause: unknown): CodedError {
  return new CodedError(
    "program_not_found",
    "ripgrep is not installed: the package @vscode/ripgrep has no program for this platform",
    {
      cause,
    },
  );
}

/** Only a wrong pattern or glob makes ripgrep say nothing but trouble; unreadable files come with it when they are all there is. */
function refuseTrouble(stderr: string): void {
  if (
    /regex parse error|error parsing glob|regex could not be compiled|unrecognized/i.test(stderr)
  ) {
    throw new CodedError("invalid_pattern", stderr.replace(/^rg: /, "").trim());
  }
}

async function* recordsOf(output: Readable, separator: "\n" | "\0"): AsyncGenerator<string> {
  const end = separator.charCodeAt(0);
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of output as AsyncIterable<Uint8Array>) {
    let from = 0;
    for (let at = chunk.indexOf(end); at !== -1; at = chunk.indexOf(end, from)) {
      if (pendingBytes <= MAX_RECORD_BYTES)
        yield Buffer.concat([...pending, chunk.subarray(from, at)]).toString();
      [pending, pendingBytes, from] = [[], 0, at + 1];
    }
    pendingBytes += chunk.length - from;
    if (pendingBytes > MAX_RECORD_BYTES) pending = [];
    else pending.push(chunk.subarray(from));
  }
}
