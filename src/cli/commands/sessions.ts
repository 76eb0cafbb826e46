// `harnessd sessions`: the conversations that a further run can go on with.
import { Command } from "commander";
import type { Session } from "../../wire/methods.ts";
import { listFromDaemonOrDisk } from "../stored-lists.ts";
import { addTarget, type Flags, wholePositive } from "../options.ts";
import { printList } from "../print-list.ts";
import { count } from "../run-text.ts";

const HELP = `
Examples:
  harnessd sessions
  harnessd run --session ses_… "and now the docs"`;

export function command(): Command {
  const sessions = new Command("sessions")
    .description("List sessions, last used first; `harnessd run --session` goes on with one.")
    .option("--limit <count>", "how many", wholePositive, 20)
    .option("--json", "one session a line")
    .addHelpText("after", HELP)
    .action(list);
  return addTarget(sessions);
}

async function list(flags: Flags): Promise<void> {
  const limit = Number(flags["limit"]);
  const sessions = await listFromDaemonOrDisk(flags, limit, {
    async ask(box, page) {
      const { sessions: items, nextPageToken } = await box.call("session_list", page);
      return { items, nextPageToken };
    },
    read: (store) => store.listSessions(limit, undefined).items,
  });
  printList(sessions, flags, describe, "There are no sessions yet.");
}

function describe({ sessionId, harness, cwd, createdAt, lastRunAt, runs }: Session): string {
  return [sessionId, lastRunAt ?? createdAt, harness, count(runs, "run"), cwd].join("  ");
}
