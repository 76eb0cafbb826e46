// A command from the host, its output byte for byte over any number of connections.
import type { Caller, CallInput, CallResult } from "./catalogue.ts";
import { CallError, ProcessLostError } from "./errors.ts";

const READ_WAIT_MS = 30_000;
const MAX_READ_BYTES = 1024 * 1024;
/** Input is written in pieces of this size, each far below the largest frame. */
const MAX_WRITE_BYTES = 512 * 1024;
/** What is kept of a stream that nobody listens to. */
const MAX_COLLECTED_BYTES = 16 * 1024 * 1024;

type Command = CallInput<"shell_start">["command"];
type Read = CallResult<"shell_read">;
type Listener = (bytes: Uint8Array) => unknown;

export interface ExecOptions extends Pick<CallInput<"shell_start">, "cwd" | "env" | "timeoutMs"> {
  /** Written to the command, which then reads the end of file; absent: it reads that at once. */
  readonly stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined;
  /** Called with the process's id once the command has started, so that it can be signalled. */
  readonly onStarted?: ((processId: string) => void) | undefined;
  /** Told of output as it comes, every byte once and in order; awaited, so that a slow listener is not overrun. */
  readonly onStdout?: Listener | undefined;
  readonly onStderr?: Listener | undefined;
  /** Aborting it ends the command with everything it started. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExecResult extends NonNullable<Read["exit"]> {
  readonly processId: string;
  /** What was printed, when nobody listened: at most 16 MiB of each stream, from its beginning. */
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes that this answer leaves out, or that the daemon no longer had when they were asked for. */
  readonly missingBytes: number;
}

/** Runs a command to its end. A non-zero exit code is a result, not an error. Throws ProcessLostError when the daemon ended meanwhile. */
export async function execute(
  box: Caller,
  command: Command,
  options: ExecOptions,
): Promise<ExecResult> {
  const { cwd, env, timeoutMs, stdin, signal } = options;
  const start = {
    command,
    stdin: stdin === undefined ? "closed" : "open",
    ...given({ cwd, env, timeoutMs }),
  } as CallInput<"shell_start">;
  const { processId } = await box.call("shell_start", start, { signal });
  options.onStarted?.(processId);
  try {
    const following = follow(box, processId, options);
    if (stdin === undefined) return await following;
    // A command may end before its input does.
    return await Promise.race([
      following,
      feed(box, processId, stdin, signal).then(() => following),
    ]);
  } catch (error) {
    if (error instanceof CallError && error.code === "process_not_found")
      throw new ProcessLostError(processId, { cause: error });
    // Whoever does not get its end must not leave it running unseen.
    box.call("shell_stop", { processId }, { resend: true }).catch(() => undefined);
    throw error;
  }
}

async function follow(
  box: Caller,
  processId: string,
  { onStdout, onStderr, signal }: ExecOptions,
): Promise<ExecResult> {
  const stdout = new Output(onStdout);
  const stderr = new Output(onStderr);
  for (;;) {
    const from = {
      stdoutOffset: stdout.offset,
      stderrOffset: stderr.offset,
      maxBytes: MAX_READ_BYTES,
    };
    const read = await box.call(
      "shell_read",
      { processId, ...from, waitMs: READ_WAIT_MS, encoding: "base64" },
      { signal },
    );
    await Promise.all([stdout.take(read.stdout), stderr.take(read.stderr)]);
    if (read.exit !== null && isRead(read.stdout) && isRead(read.stderr)) {
      return {
        processId,
        ...read.exit,
        stdout: stdout.text,
        stderr: stderr.text,
        missingBytes: stdout.missingBytes + stderr.missingBytes,
      };
    }
  }
}

/** A child left behind may hold a stream open for ever: what was printed up to the exit is the end. */
function isRead(slice: Read["stdout"]): boolean {
  return slice.ended || slice.nextOffset >= slice.totalBytes;
}

async function feed(
  box: Caller,
  processId: string,
  stdin: NonNullable<ExecOptions["stdin"]>,
  signal?: AbortSignal,
): Promise<void> {
  try {
    for await (const piece of typeof stdin === "string" || stdin instanceof Uint8Array
      ? [stdin]
      : stdin) {
      const bytes = Buffer.from(piece as Uint8Array);
      for (let at = 0; at < bytes.length; at += MAX_WRITE_BYTES)
        await write(box, processId, bytes.subarray(at, at + MAX_WRITE_BYTES), signal);
    }
    await box.call("shell_close_stdin", { processId }, { signal, resend: true });
  } catch (error) {
    // A command need not read all that it is given: `head` does not.
    if (!(error instanceof CallError && error.code === "stdin_closed")) throw error;
  }
}

/** Resolves when the command has taken the bytes, however long it lets them lie. */
async function write(
  box: Caller,
  processId: string,
  bytes: Buffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  let { taken } = await box.call(
    "shell_write",
    { processId, data: bytes.toString("base64"), encoding: "base64" },
    { signal },
  );
  while (!taken)
    ({ taken } = await box.call("shell_write", { processId, data: "" }, { signal, resend: true }));
}

/** One stream as it is read: told to a listener, or else collected. */
class Output {
  offset = 0;
  missingBytes = 0;
  readonly #listener: Listener | undefined;
  readonly #collected: Buffer[] = [];
  #collectedBytes = 0;

  constructor(listener: Listener | undefined) {
    this.#listener = listener;
  }

  get text(): string {
    return Buffer.concat(this.#collected).toString("utf8");
  }

  async take({ data, nextOffset, missingBytes }: Read["stdout"]): Promise<void> {
    this.offset = nextOffset;
    this.missingBytes += missingBytes;
    if (data === "") return;
    const bytes = Buffer.from(data, "base64");
    if (this.#listener !== undefined) return void (await this.#listener(bytes));
    const kept = bytes.subarray(0, MAX_COLLECTED_BYTES - this.#collectedBytes);
    this.#collected.push(kept);
    this.#collectedBytes += kept.length;
    this.missingBytes += bytes.length - kept.length;
  }
}

function given<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<Fields>;
}
