// `harnessd cancel`: ends a run and everything that it started.
import { Command } from "commander";
import { withDaemon } from "../connect.ts";
import { exitStatusOf } from "../exit-status.ts";
import { addTarget, type Flags } from "../options.ts";
import { describeRun } from "../run-text.ts";

export function command(): Command {
  const cancel = new Command("cancel")
    .description("End a run and everything that it started; print it as it ended.")
    .argument("<run>", "its id")
    .option("--reason <text>", "kept with the run", "cancelled from the command line")
    .option("--json", "print the run as JSON")
    .addHelpText("after", '\nExample:\n  harnessd cancel run_… --reason "no longer needed"')
    .action((runId: string, flags: Flags) =>
      withDaemon(flags, async (box) => {
        const { run } = await box.call("run_cancel", { runId, reason: String(flags["reason"]) });
        process.stdout.write(
          `${flags["json"] === true ? JSON.stringify(run) : describeRun(run)}\n`,
        );
        process.exitCode = run.outcome === "cancelled" ? 0 : exitStatusOf(run);
      }),
    );
  return addTarget(cancel);
}
