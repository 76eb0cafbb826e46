// `harnessd exec -- CMD`: a command in the box, with this terminal's streams and its own exit status.
import { once } from "node:events";
import { readConfig } from "../config.ts";
import { connectOrStart } from "./connect.ts";

const MS_PER_SECOND = 1000;
/** What a shell says of a program that a signal ended. */
const KILLED_BY_SIGNAL = 128;
const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

export async function exec(command: string[], flags: Readonly<Record<string, unknown>>): Promise<void> {
  const target = await connectOrStart(flags, readConfig(flags));
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  try {
    const { cwd, timeout } = flags as { cwd?: string; timeout?: number };
    const { exitCode, signal } = await target.box.exec(command.map(quote).join(" "), {
      cwd,
      timeoutMs: timeout === undefined ? undefined : timeout * MS_PER_SECOND,
      stdin: process.stdin.isTTY ? undefined : process.stdin,
      signal: interrupted.signal,
      onStdout: (bytes) => write(process.stdout, bytes),
      onStderr: (bytes) => write(process.stderr, bytes),
    });
    process.exitCode = exitCode ?? KILLED_BY_SIGNAL + (SIGNAL_NUMBERS[signal ?? ""] ?? 0);
  } finally {
    process.stdin.destroy(); // the command may have ended before its input did
    await target.close();
  }
}

/** Resolves when the stream wants more, so that a slow reader slows the reading down. */
async function write(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, "drain");
}

/** For `bash -c`: each argument stays one word. */
function quote(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
