// `harnessd attach`: a run from its beginning to its end, whoever started it.
import { Command } from "commander";
import { withDaemon } from "../connect.ts";
import { EXIT_HELP } from "../exit-status.ts";
import { joinLate } from "../late-join.ts";
import { addTarget, type Flags } from "../options.ts";
import { showRun } from "../show-run.ts";

const HELP = `
Ctrl-C only ends the showing; \`harnessd cancel\` ends the run.

Examples:
  harnessd attach run_…
  harnessd attach --json run_… | jq -r 'select(.type == "message").text'

${EXIT_HELP}`;

export function command(): Command {
  const attach = new Command("attach")
    .description("Show a run from its beginning and follow it to its end.")
    .argument("<run>", "its id")
    .option("--json", "one event envelope a line")
    .addHelpText("after", HELP)
    .action((runId: string, flags: Flags) =>
      withDaemon(flags, async (box) => {
        const asJson = flags["json"] === true;
        // A program gets the events as they are; `run_get` tells it what is under way.
        const follow = asJson ? {} : { follow: joinLate(box) };
        const options = { asJson, onSignal: "leave", isShared: true, ...follow } as const;
        process.exitCode = await showRun(() => box.attach(runId), options);
      }),
    );
  return addTarget(attach);
}
