// Running git through simple-git: its environment, its end, what it prints, and the secret for its remote.
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { SimpleGit, SimpleGitOptions } from "simple-git";
import { refuseNonDirectory } from "../files/entry.ts";
import { endTree } from "../process/containment.ts";
import type { ToolContext } from "../../tool.ts";
import { serveCredential } from "./credential-server.ts";
import { scrub, type Credential } from "./credentials.ts";
import { CALL_MARKER, gitEnvironment } from "./git-environment.ts";
import { gitFailure, type GitExit } from "./git-failure.ts";
import { traceHooks } from "./hook-trace.ts";
import { GitOutput } from "./git-output.ts";

export interface GitOptions {
  /** What is being done, for messages: `clone`, `push`. */
  readonly what: string;
  readonly credential?: Credential | undefined;
  /** Whose questions the credential answers; absent: the first host's that asks. */
  readonly remoteUrl?: string | undefined;
  /** Passes output on through `emit`. */
  readonly isLive?: boolean;
  readonly maxStdoutBytes?: number;
  /** Added to the context's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What git reads from its standard input, which is closed after it. */
  readonly stdin?: string | undefined;
  /** A command that exits with an error is a result. */
  readonly mayFail?: boolean;
}

export interface GitRun {
  readonly git: SimpleGit;
  /** How the last command ended. */
  readonly exit: () => GitExit;
  /** True when a command printed more than is kept. */
  readonly isTruncated: () => boolean;
}

const MAX_STDOUT_BYTES = 4 * 1024 * 1024;
const GRACE_MS = 1000;
/** How long the output of a git that has exited is waited for: a hook may leave a process behind that holds it open. */
const LINGER_MS = 1000;

/**
 * simple-git's guards against options and variables that make git run programs. They are off: the tools refuse every value of a caller's
 * that git could take for an option, the environment is the box's own, and `git_run` is worth as much as a shell, as its effect says.
 */
const GUARDS =
  "Alias AskPass CommandBinaries ConfigPaths ConfigEnvCount CredentialHelper Editor MergeDriver Pager ProtocolOverride Pack SshCommand GitProxy Exec HooksPath DiffExternal DiffTextConv Filter FsMonitor GpgProgram TemplateDir Include Submodule UrlRewrite";

/**
 * Lets `use` run git commands in `directory`, one after the other. Aborting the context's signal ends git and all it started.
 * Throws CodedError as `gitFailure` tells it, and `not_found` or `not_a_directory` for the directory.
 */
export async function withGit<Result>(
  directory: string,
  context: ToolContext,
  options: GitOptions,
  use: (run: GitRun) => Promise<Result>,
): Promise<Result> {
  await refuseNonDirectory(directory);
  await using server = options.credential
    ? await serveCredential(options.credential, options.remoteUrl)
    : undefined;
  const callId = randomUUID();
  await using trace = traceHooks(callId);
  const env = {
    ...trace.env,
    ...gitEnvironment(context, callId),
    ...options.env,
    ...server?.env,
  };
  await using _ = endingOnAbort(context.signal, callId);
  const { git, output, exit } = await openGit(
    directory,
    context,
    options,
    env,
    server?.config ?? [],
  );
  try {
    const result = await use({ git, exit, isTruncated: () => output.stdoutTruncated });
    await output.settled();
    return result;
  } catch (error) {
    context.signal.throwIfAborted();
    if (exit().exitCode === 0) throw error;
    throw gitFailure(options.what, exit(), { hook: await trace.failedHook() });
  }
}

async function openGit(
  directory: string,
  { emit, signal }: ToolContext,
  options: GitOptions,
  env: Readonly<Record<string, string>>,
  config: readonly string[],
): Promise<{ git: SimpleGit; output: GitOutput; exit: () => GitExit }> {
  const { simpleGit } = await import("simple-git");
  const clean = (bytes: readonly Buffer[]): string =>
    scrub(Buffer.concat(bytes).toString(), options.credential);
  const live =
    emit &&
    ((stream: "stdout" | "stderr", text: string): Promise<void> =>
      emit(stream, scrub(text, options.credential)));
  const output = new GitOutput({
    maxStdoutBytes: options.maxStdoutBytes ?? MAX_STDOUT_BYTES,
    live: options.isLive ? live : undefined,
  });
  let exit: GitExit = { exitCode: 0, stdout: "", stderr: "" };
  const settings: Partial<SimpleGitOptions> = {
    baseDir: directory,
    abort: signal,
    config: [...config],
    allowEnvironment: Object.keys(env),
    unsafe: {
      ...Object.fromEntries(GUARDS.split(" ").map((guard) => [`allowUnsafe${guard}`, true])),
      allowAbbreviatedOptions: true,
    },
    completion: { onClose: true, onExit: LINGER_MS },
    // Bytes, also when there are none: simple-git closes the input only after it has written something.
    input: () => Buffer.from(options.stdin ?? ""),
    errors(error, { exitCode, stdOut, stdErr }) {
      exit = { exitCode, stdout: clean(stdOut), stderr: clean(stdErr) };
      const isResult = exitCode === 0 || (options.mayFail === true && exitCode > 0);
      return isResult ? undefined : (error ?? new Error(`git exited with ${exitCode}`));
    },
  };
  const git = simpleGit(settings)
    .env(env)
    .outputHandler((_, stdout, stderr) => output.watch(stdout as Readable, stderr as Readable));
  return { git, output, exit: () => exit };
}

/** simple-git interrupts git itself; this ends what git has started too, hooks and their escapees included. */
function endingOnAbort(signal: AbortSignal, callId: string): AsyncDisposable {
  let ending: Promise<unknown> = Promise.resolve();
  const end = (): void => {
    const belonging = { leaders: [], cgroups: [], markers: [`${CALL_MARKER}=${callId}`] };
    ending = endTree(belonging, { graceMs: GRACE_MS, wasInCgroup: false });
  };
  signal.addEventListener("abort", end, { once: true });
  return {
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", end);
      await ending;
    },
  };
}
