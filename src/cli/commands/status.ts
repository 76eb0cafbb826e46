// `harnessd status`: which daemon serves, what it can do and what is under way.
import { Command } from "commander";
import type { CallResult, Harnessd } from "../../client/index.ts";
import { withDaemon } from "../connect.ts";
import { addTarget, type Flags } from "../options.ts";
import { count, describeRun } from "../run-text.ts";

type Harness = CallResult<"harness_list">["harnesses"][number];

/** As many as are listed in one answer; there are seldom more at once. */
const MAX_RUNS = 1000;

export function command(): Command {
  const status = new Command("status")
    .description("Show the daemon, its harnesses, and the runs and permissions that are open.")
    .option("--json", "as one object")
    .addHelpText(
      "after",
      "\nExamples:\n  harnessd status\n  harnessd status --url ws://box:8420 --json",
    )
    .action((flags: Flags) =>
      withDaemon(flags, async (box, { url }) => {
        const status = { url, ...(await statusOf(box)) };
        process.stdout.write(
          flags["json"] === true ? `${JSON.stringify(status)}\n` : `${describe(status)}\n`,
        );
      }),
    );
  return addTarget(status);
}

async function statusOf(box: Harnessd) {
  const [daemon, { harnesses }, running, queued, { permissions }] = await Promise.all([
    box.call("daemon_info"),
    box.call("harness_list"),
    box.call("run_list", { state: "running", limit: MAX_RUNS }),
    box.call("run_list", { state: "queued", limit: MAX_RUNS }),
    box.call("permission_list", {}),
  ]);
  return { daemon, harnesses, running: running.runs, queued: queued.runs, permissions };
}

function describe(status: Awaited<ReturnType<typeof statusOf>> & { readonly url: string }): string {
  const { url, daemon, harnesses, running, queued, permissions } = status;
  return [
    `harnessd ${daemon.version} at ${url}`,
    `workspace    ${daemon.workspace}`,
    `journal      ${count(daemon.cursor.seq, "fact")}, kept from ${daemon.oldest.seq + 1}`,
    ...harnesses.map(describeHarness),
    `permissions  ${permissions.length} waiting for an answer`,
    `runs         ${running.length} running, ${queued.length} queued`,
    ...[...running, ...queued].map((run) => `  ${describeRun(run)}`),
  ].join("\n");
}

function describeHarness({ name, ready, version, reason }: Harness): string {
  return `${name.padEnd(12)} ${ready ? `ready ${version ?? ""}`.trim() : `not ready: ${reason}`}`;
}
