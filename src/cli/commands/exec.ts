// `harnessd exec -- CMD`: a command in the box, with this terminal's streams and its own exit status.
import { once } from "node:events";
import { readConfig } from "../settings/config.ts";
import { connectOrStart } from "./connect.ts";
import { onStop, statusOfSignal, type Stop } from "./stop.ts";

const MS_PER_SECOND = 1000;

export async function exec(
  command: string[],
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  const target = await connectOrStart(flags, readConfig(flags));
  const stopped = new AbortController();
  const listenNoMore = onStop((by) => stopped.abort(by));
  try {
    const { cwd, timeout } = flags as { cwd?: string; timeout?: number };
    const { exitCode, signal, timedOut } = await target.box.exec(command.map(quote).join(" "), {
      cwd,
      timeoutMs: timeout === undefined ? undefined : timeout * MS_PER_SECOND,
      stdin: process.stdin.isTTY ? undefined : process.stdin,
      signal: stopped.signal,
      onStdout: (bytes) => write(process.stdout, bytes),
      onStderr: (bytes) => write(process.stderr, bytes),
    });
    if (timedOut)
      process.stderr.write(`harnessd: The command took longer than ${timeout} s and was ended\n`);
    process.exitCode = exitCode ?? statusOfSignal(signal);
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    process.exitCode = statusOfSignal(stopped.signal.reason as Stop); // as if the signal had met the command itself
  } finally {
    listenNoMore();
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
