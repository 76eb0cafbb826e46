// A run of Claude Code: its session's program leased or started, talked to, and given back or ended.
import { randomUUID } from "node:crypto";
import { requireAgent } from "../agent-programs.ts";
import type { HarnessEvent } from "../events.ts";
import type { HarnessContext } from "../harness.ts";
import type { Lease } from "../warm-pool.ts";
import { Conversation } from "./conversation.ts";
import { planLaunch, type Launch } from "./launch.ts";
import { ClaudeProgram } from "./program.ts";

/** Throws CodedError: how the turn failed, `agent_exited`, `session_not_found`, and what `planLaunch` and `requireAgent` throw. */
export async function* run(context: HarnessContext): AsyncGenerator<HarnessEvent, void> {
  const launch = planLaunch(context);
  const { path } = await requireAgent("claude-code", context.agentsDir);
  if (context.signal.aborted) return;
  const lease = await leaseProgram(context, launch, path);
  try {
    const conversation = new Conversation(lease.value, context);
    yield* conversation.carryOut({ askFirst: launch.mustAsk && lease.fresh });
  } finally {
    // A turn that failed and is over leaves a sound program too: the next run can go on from it.
    if (await endLeftWork(context, lease.value)) lease.release();
    else await lease.discard();
  }
}

/** The session's program; a new one when there is none, or when it was started for something else. */
async function leaseProgram(
  context: HarnessContext,
  launch: Launch,
  path: string,
): Promise<Lease<ClaudeProgram>> {
  const { id, token, fork } = context.session;
  const sessionArgs =
    token === undefined
      ? ["--session-id", randomUUID()]
      : ["--resume", token, ...(fork ? ["--fork-session"] : [])];
  for (;;) {
    const lease = await context.warm.lease(id, () =>
      ClaudeProgram.start(context, launch, path, sessionArgs),
    );
    const { fingerprint, sessionId } = lease.value;
    if (
      lease.fresh ||
      (fingerprint === launch.fingerprint && sessionId === (token ?? null) && !fork)
    )
      return lease;
    await lease.discard();
  }
}

/** Ends the commands that the run has left in the background. False when the program cannot be kept. */
async function endLeftWork(
  { session, sweep, mcpServers }: HarnessContext,
  program: ClaudeProgram,
): Promise<boolean> {
  // A sweep would end its MCP servers too; then it is easier to begin anew.
  if (!program.alive || program.isBusy || mcpServers.some(({ type }) => type === "stdio"))
    return false;
  await sweep(session.id, [program.process.pid]);
  return true;
}
