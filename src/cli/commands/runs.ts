// `harnessd runs`, `attach` and `cancel`: what became of runs, and what can still be done about them.
import { readConfig } from "../settings/config.ts";
import type { Run } from "../wire/methods.ts";
import type { MethodInput } from "../wire/methods.ts";
import { connectToDaemon } from "./connect.ts";
import { exitStatusOf } from "./exit-status.ts";
import { describeUsage } from "./render.ts";
import { show } from "./run.ts";

type Flags = Readonly<Record<string, unknown>>;

export async function listRuns(flags: Flags): Promise<void> {
  const target = await connectToDaemon(flags, readConfig(flags));
  try {
    const { state, limit } = flags as MethodInput<"run_list">;
    const { runs } = await target.box.call("run_list", { limit, ...(state && { state }) });
    for (const run of runs)
      process.stdout.write(
        flags["json"] === true ? `${JSON.stringify(run)}\n` : `${describe(run)}\n`,
      );
    if (runs.length === 0 && flags["json"] !== true)
      process.stdout.write("There are no runs yet.\n");
  } finally {
    await target.close();
  }
}

export async function attach(runId: string, flags: Flags): Promise<void> {
  const target = await connectToDaemon(flags, readConfig(flags));
  try {
    process.exitCode = await show(await target.box.attach(runId), flags["json"] === true);
  } finally {
    await target.close();
  }
}

export async function cancel(runId: string, flags: Flags): Promise<void> {
  const target = await connectToDaemon(flags, readConfig(flags));
  try {
    const reason =
      typeof flags["reason"] === "string" ? flags["reason"] : "cancelled from the command line";
    const { run } = await target.box.call("run_cancel", { runId, reason });
    process.stdout.write(`${describe(run)}\n`);
    process.exitCode = run.outcome === "cancelled" ? 0 : exitStatusOf(run);
  } finally {
    await target.close();
  }
}

function describe({ runId, state, outcome, harness, model, createdAt, usage, error }: Run): string {
  const parts = [runId, createdAt, harness, model ?? "-", outcome ?? state];
  return [...parts, ...(usage ? [describeUsage(usage)] : []), ...(error ? [error.code] : [])].join(
    "  ",
  );
}
