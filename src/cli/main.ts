// Runs the command line, and reports what went wrong in words a person can act on.
import { CommanderError } from "commander";
import { failureAsJson, failureOf } from "./failure.ts";
import { createProgram } from "./program.ts";

/** Sets `process.exitCode`; never rejects. */
export async function main(argv: string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // a reader that has left, as `head` does
  const args = argv.slice(2);
  const asJson = wantsJson(args);
  try {
    const program = await createProgram(args, { isQuiet: asJson });
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // help and version
    const failure = failureOf(error);
    process.exitCode = failure.status;
    if (asJson) process.stdout.write(`${failureAsJson(failure)}\n`);
    else if (!(error instanceof CommanderError))
      process.stderr.write(`harnessd: ${failure.message}\n`);
  }
}

/** `exec` hands on what follows it, which may have a `--json` of its own. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args[0] !== "exec" && args.slice(0, end < 0 ? args.length : end).includes("--json");
}
