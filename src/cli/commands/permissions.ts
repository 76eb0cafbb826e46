// `harnessd permissions`: tool calls that wait for somebody's yes or no.
import { Argument, Command } from "commander";
import type { CallResult } from "../../client/index.ts";
import { withDaemon } from "../connect.ts";
import { addTarget, type Flags } from "../options.ts";
import { printList } from "../print-list.ts";
import { describeCall } from "../tool-call-text.ts";

type Permission = CallResult<"permission_list">["permissions"][number];

const HELP = `
Examples:
  harnessd permissions
  harnessd permissions answer perm_… allow
  harnessd permissions answer perm_… deny --reason "use the staging database"`;

export function command(): Command {
  const permissions = new Command("permissions")
    .description("List the tool calls that wait for an answer, or answer one.")
    .option("--run <id>", "only those of this run")
    .option("--json", "one a line")
    .addHelpText("after", HELP)
    .action(list);
  addTarget(permissions);
  permissions.addCommand(answerCommand());
  return permissions;
}

function answerCommand(): Command {
  const answer = new Command("answer")
    .description("Allow or deny a tool call that waits.")
    .argument("<permission>", "its id")
    .addArgument(new Argument("<decision>").choices(["allow", "deny"]))
    .option("--reason <text>", "what the agent is told")
    .option("--json", "a refusal is one object with its code")
    .action(async (permissionId: string, decision: "allow" | "deny", flags: Flags) => {
      const { reason } = flags as { reason?: string };
      const params = { permissionId, decision, ...(reason !== undefined && { reason }) };
      await withDaemon(flags, (box) => box.call("permission_answer", params));
    });
  return addTarget(answer);
}

function list(flags: Flags): Promise<void> {
  const { run: runId } = flags as { run?: string };
  return withDaemon(flags, async (box) => {
    const { permissions } = await box.call("permission_list", runId === undefined ? {} : { runId });
    printList(permissions, flags, describe, "No tool call waits for an answer.");
  });
}

function describe({
  permissionId,
  runId,
  name,
  input,
  deadline,
  defaultDecision,
}: Permission): string {
  const call = describeCall({ name, input });
  return `${permissionId}  ${runId}  ${call}  (${defaultDecision} at ${deadline})`;
}
