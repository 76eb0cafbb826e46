// `harnessd runs`: what became of runs, asked of the daemon, or read from its journal where none serves.
import { Command, Option } from "commander";
import { listFromDaemonOrDisk } from "../stored-lists.ts";
import { addTarget, type Flags, wholePositive } from "../options.ts";
import { printList } from "../print-list.ts";
import { describeRun } from "../run-text.ts";

const HELP = `
Where no daemon serves the state directory, the journal is read from the disk.

Examples:
  harnessd runs
  harnessd runs --outcome failed --limit 5
  harnessd runs --json | jq -r .runId`;

export function command(): Command {
  const runs = new Command("runs")
    .description("List runs, newest first.")
    .addOption(new Option("--state <state>", "only these").choices(["queued", "running", "ended"]))
    .addOption(
      new Option("--outcome <outcome>", "only these").choices([
        "completed",
        "failed",
        "cancelled",
        "unknown",
      ]),
    )
    .option("--session <id>", "only those of this session")
    .option("--limit <count>", "how many", wholePositive, 20)
    .option("--json", "one run a line")
    .addHelpText("after", HELP)
    .action(list);
  return addTarget(runs);
}

async function list(flags: Flags): Promise<void> {
  const { state, outcome, session, limit } = flags as {
    state?: "ended";
    outcome?: "failed";
    session?: string;
    limit: number;
  };
  const query = {
    ...(state && { state }),
    ...(outcome && { outcome }),
    ...(session && { sessionId: session }),
  };
  const runs = await listFromDaemonOrDisk(flags, limit, {
    async ask(box, page) {
      const { runs: items, nextPageToken } = await box.call("run_list", { ...query, ...page });
      return { items, nextPageToken };
    },
    read: (store) => store.list(query, limit, undefined).items,
  });
  printList(runs, flags, describeRun, "There are no such runs.");
}
