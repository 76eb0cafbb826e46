// `harnessd exec`: a command in the box, with this terminal's streams and its own exit status.
import { once } from "node:events";
import { Command } from "commander";
import type { Harnessd } from "../../client/index.ts";
import { readConfig } from "../../settings/config.ts";
import { connectOrStart } from "../connect.ts";
import { EXIT } from "../exit-status.ts";
import { addOwnDaemon, CWD_HELP, environmentEntry, type Flags, positive } from "../options.ts";
import { quote } from "../shell-words.ts";
import { onStop, statusOfSignal, type Stop } from "../stop.ts";

const MS_PER_SECOND = 1000;

const HELP = `
Options of harnessd stand before the program; all after it is the program's own. The first Ctrl-C is
passed on as SIGINT, a second one and SIGTERM end the command and all that it started.

Examples:
  harnessd exec npm test
  harnessd exec --cwd packages/api --env CI=1 --timeout 600 npm test -- --watch=false
  harnessd exec bash -c 'ls -la | wc -l'
  harnessd exec tar -x < files.tar

Exit status: the command's own; 128 + number when a signal ended it; 124 when the time limit was
reached. Where the command could not be started, as \`harnessd run --help\` says.`;

export function command(): Command {
  const exec = new Command("exec")
    .description(
      "Run a command in the box: standard streams and exit status are the command's own.",
    )
    .argument("<command...>", "program and arguments")
    .option("--cwd <dir>", CWD_HELP)
    .option(
      "--env <name=value>",
      "variable for the command; NAME alone hands on the caller's; may be repeated",
      environmentEntry,
    )
    .option("--timeout <seconds>", "end it when it takes longer; exit status 124", positive)
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(execute);
  return addOwnDaemon(exec);
}

async function execute(words: string[], flags: Flags): Promise<void> {
  const target = await connectOrStart(flags, readConfig(flags));
  const stopped = new AbortController();
  const interrupter = new Interrupter(target.box);
  const listenNoMore = onStop((by) => {
    if (by !== "SIGINT" || !interrupter.interrupt()) stopped.abort(by);
  });
  try {
    const { cwd, env, timeout } = flags as {
      cwd?: string;
      env?: Record<string, string>;
      timeout?: number;
    };
    const { exitCode, signal, timedOut } = await target.box.exec(words.map(quote).join(" "), {
      cwd,
      env,
      timeoutMs: timeout === undefined ? undefined : Math.ceil(timeout * MS_PER_SECOND),
      stdin: process.stdin.isTTY ? undefined : process.stdin,
      signal: stopped.signal,
      onStarted: (processId) => interrupter.started(processId),
      onStdout: (bytes) => write(process.stdout, bytes),
      onStderr: (bytes) => write(process.stderr, bytes),
    });
    if (timedOut)
      process.stderr.write(`harnessd: The command took longer than ${timeout} s and was ended\n`);
    process.exitCode = timedOut ? EXIT.timedOut : (exitCode ?? statusOfSignal(signal));
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    process.exitCode = statusOfSignal(stopped.signal.reason as Stop); // as if the signal had met the command itself
  } finally {
    listenNoMore();
    process.stdin.destroy(); // the command may have ended before its input did
    await target.close();
  }
}

/** Passes the first Ctrl-C on to the command, which may want to end in its own way. */
class Interrupter {
  readonly #box: Harnessd;
  #processId: string | undefined;
  #isUsed = false;

  constructor(box: Harnessd) {
    this.#box = box;
  }

  started(processId: string): void {
    this.#processId = processId;
  }

  /** False when there is nothing to interrupt, or it has been done before: then the command is to be ended. */
  interrupt(): boolean {
    const processId = this.#processId;
    if (this.#isUsed || processId === undefined) return false;
    this.#isUsed = true;
    // A command that has just ended needs no signal any more.
    this.#box.call("shell_signal", { processId, signal: "SIGINT" }).catch(() => undefined);
    return true;
  }
}

/** Resolves when the stream wants more, so that a slow reader slows the reading down. */
async function write(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, "drain");
}
