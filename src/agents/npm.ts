// npm as a program that we run: found, run by a Node that is new enough, with the user's own settings left as they are.
import { CodedError } from "../../tools/coded-error.ts";
import { access, constants, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { headOf } from "../../tools/machinery/text/cut.ts";

/** A run of npm may download hundreds of megabytes over a slow line. */
const NPM_TIMEOUT_MS = 30 * 60_000;
/** npm does not always end at SIGTERM while it waits for a registry. */
const KILL_AFTER_MS = 500;
const MAX_OUTPUT_BYTES = 1_000_000;
const MAX_ERROR_CHARACTERS = 600;

export interface Npm {
  /** Resolves with what npm printed. Throws CodedError `npm_failed` with its own words; aborting throws the signal's reason. */
  run(args: readonly string[], cwd: string, signal: AbortSignal): Promise<string>;
}

/** Finds npm on the PATH of `env`, or beside the Node that runs us. Throws CodedError `npm_not_found`. */
export async function findNpm(
  env: Readonly<Record<string, string | undefined>>,
  nodePath = process.execPath,
): Promise<Npm> {
  const nodeDirectory = dirname(nodePath);
  const candidates = [...(env["PATH"] ?? "").split(delimiter), nodeDirectory]
    .filter(Boolean)
    .map((directory) => join(directory, "npm"));
  candidates.push(join(nodeDirectory, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"));
  for (const candidate of candidates) {
    const path = await realpath(candidate).catch(() => null);
    if (path !== null && (await mayBeRun(path))) return makeNpm(path, env, nodePath);
  }
  const fix = "install Node.js with npm (https://nodejs.org), or put npm on the PATH";
  throw new CodedError(
    "npm_not_found",
    `Agent programs are installed by npm, and there is no npm on the PATH: ${fix}`,
    {
      data: { fix },
    },
  );
}

async function mayBeRun(path: string): Promise<boolean> {
  const wanted = isScript(path) ? constants.R_OK : constants.X_OK;
  return access(path, wanted).then(
    () => true,
    () => false,
  );
}

function isScript(path: string): boolean {
  return /\.c?js$/.test(path);
}

function makeNpm(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  nodePath: string,
): Npm {
  // npm under an old Node silently takes old versions: it is run by our own Node, directly or by way of the PATH.
  const [file, first] = isScript(path) ? [nodePath, [path]] : [path, []];
  const ownEnv = { ...env, PATH: [dirname(nodePath), env["PATH"]].filter(Boolean).join(delimiter) };
  return {
    async run(args, cwd, signal) {
      const { execa } = await import("execa");
      const options = {
        cwd,
        env: ownEnv,
        extendEnv: false,
        cancelSignal: signal,
        killDescendants: true,
        reject: false,
      } as const;
      const limits = {
        timeout: NPM_TIMEOUT_MS,
        forceKillAfterDelay: KILL_AFTER_MS,
        maxBuffer: MAX_OUTPUT_BYTES,
        stdin: "ignore",
      } as const;
      const result = await execa(file, [...first, ...args], { ...options, ...limits });
      signal.throwIfAborted();
      if (!result.failed) return result.stdout;
      const why = result.timedOut
        ? `it took longer than ${NPM_TIMEOUT_MS / 60_000} minutes`
        : complaintOf(`${result.stderr}\n${result.stdout}`);
      throw new CodedError("npm_failed", `npm ${args[0]} failed: ${why || result.shortMessage}`);
    },
  };
}

/** What npm complains of, without its decoration and without the address of its log. */
function complaintOf(output: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim());
  const telling = lines.filter(
    (line) => line !== "" && !/^npm warn|complete log of this run|^\{|^\}/i.test(line),
  );
  return headOf(telling.join(" · "), MAX_ERROR_CHARACTERS);
}
