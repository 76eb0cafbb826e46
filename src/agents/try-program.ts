// Runs a program once, to know that it starts here and is the version that it should be.
import { CodedError } from "../../tools/coded-error.ts";
import { headOf } from "../../tools/machinery/text/cut.ts";

/** Long, since the first start of a large binary reads all of it from the disk. */
const START_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_CHARACTERS = 300;

export interface Trial {
  /** An empty directory that takes whatever the program writes. */
  readonly scratch: string;
  readonly path: string | undefined;
  readonly signal: AbortSignal;
}

/** Throws CodedError `verification_failed`, which says what the program did instead. */
export async function tryProgram(
  binary: string,
  version: string,
  { scratch, path, signal }: Trial,
): Promise<void> {
  const { execa } = await import("execa");
  const env = { HOME: scratch, TMPDIR: scratch, ...(path !== undefined && { PATH: path }) };
  const options = {
    env,
    extendEnv: false,
    cwd: scratch,
    cancelSignal: signal,
    killDescendants: true,
    reject: false,
  } as const;
  const result = await execa(binary, ["--version"], {
    ...options,
    timeout: START_TIMEOUT_MS,
    stdin: "ignore",
    all: true,
  });
  signal.throwIfAborted();
  const said = (result.all ?? "").trim();
  if (!result.failed && said.split(/[\s()]+/).includes(version)) return;
  const found = result.timedOut
    ? `it did not end within ${START_TIMEOUT_MS / 1000} s`
    : `it ended with ${result.exitCode ?? result.signal ?? result.shortMessage} and said "${headOf(said, MAX_OUTPUT_CHARACTERS)}"`;
  throw new CodedError(
    "verification_failed",
    `${binary} --version should say ${version}; ${found}`,
  );
}
