// Runs the command line, and says what went wrong in words a person can act on.
import { CommanderError } from "commander";
import { CallError, ConnectError } from "../client/errors.ts";
import { ConfigError } from "../settings/config.ts";
import { EXIT } from "./exit-status.ts";
import { createProgram } from "./program.ts";

/** Sets `process.exitCode`; never rejects. */
export async function main(argv: string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // a reader that has left, as `head` does
  const program = createProgram().exitOverride();
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = statusOf(error);
    if (!(error instanceof CommanderError))
      process.stderr.write(`harnessd: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof ConnectError) return EXIT.unreachable;
  return error instanceof CallError || error instanceof ConfigError ? EXIT.usage : EXIT.failed;
}
