// `harnessd run`: one prompt, shown as the agent works on it; the exit status says how it ended.
import { Command } from "commander";
import { readConfig } from "../../settings/config.ts";
import type { RunRequestInput } from "../../wire/methods.ts";
import { connectOrStart, connectToDaemon } from "../connect.ts";
import { EXIT_HELP } from "../exit-status.ts";
import { addOwnDaemon, type Flags } from "../options.ts";
import { PROMPT_HELP } from "../prompt.ts";
import { addRunOptions, requestOf } from "../run-request.ts";
import { showRun } from "../show-run.ts";
import { UsageError } from "../usage-error.ts";

const HELP = `
Ctrl-C, SIGTERM and a closed terminal cancel the run, so that none goes on unseen; a second signal
leaves it to its daemon.

Examples:
  harnessd run "make the tests pass"
  git diff > change.patch; harnessd run --prompt-file review.md --file change.patch --file box:src/app.ts
  harnessd run --harness claude-code --model anthropic/claude-opus-5-5 --max-cost 2 "…"
  harnessd run --permission ask:shell_exec --mcp docs=https://example.com/mcp --env CI=1 "…"
  harnessd run --json --schema answer.schema.json - < prompt.md   # one event a line

${EXIT_HELP}`;

export function command(): Command {
  const run = new Command("run")
    .description(
      "Run one prompt and show what happens: on the daemon at --url, on the one that serves the state directory, or on one of its own.",
    )
    .argument("[prompt...]", PROMPT_HELP);
  addRunOptions(run)
    .option("--detach", "print the run's id and leave it to the daemon, which must be serving")
    .option(
      "--json",
      "one event envelope a line, the last is run.ended; a refusal is one object with its code",
    )
    .addHelpText("after", HELP)
    .action(start);
  return addOwnDaemon(run);
}

async function start(words: string[], flags: Flags): Promise<void> {
  const isDetached = flags["detach"] === true;
  const request = await requestOf(words, flags);
  const connect = isDetached ? connectToDaemon : connectOrStart;
  const target = await connect(flags, readConfig(flags));
  const { box, isShared } = target;
  const asJson = flags["json"] === true;
  try {
    if (!isShared && asksSomebody(request))
      throw new UsageError(
        "--permission ask: nobody can answer where the run has a daemon of its own; start one with `harnessd serve`, and answer with `harnessd permissions`",
      );
    if (isDetached) {
      const { id, run } = await box.run(request);
      process.stdout.write(asJson ? `${JSON.stringify(run)}\n` : `${id}\n`);
    } else {
      const options = { asJson, onSignal: "cancel", isShared } as const;
      process.exitCode = await showRun(() => box.run(request), options);
    }
  } finally {
    await target.close();
  }
}

function asksSomebody({ permissions }: RunRequestInput): boolean {
  const { rules = [], otherwise } = permissions ?? {};
  return otherwise === "ask" || rules.some(({ decision }) => decision === "ask");
}
