// A run of Claude Code: its session's program leased or started, talked to, and given back or ended.
import { randomUUID } from "node:crypto";
import { requireAgent } from "../agent-programs.ts";
import type { HarnessEvent } from "../events.ts";
import type { HarnessContext } from "../harness.ts";
import type { Lease } from "../warm-pool.ts";
import { Conversation } from "./conversation.ts";
import { planLaunch, type Launch } from "./launch.ts";
import { ClaudeProgram } from "./program.ts";

/** Throws HarnessError: how the turn failed, `agent_exited`, `session_not_found`, and what `planLaunch` and `requireAgent` throw. */
export async function* run(context: HarnessContext): AsyncGenerator<HarnessEvent, void> {
  const launch = planLaunch(context);
  const { path } = await requireAgent("claude-code", context.agentsDir);
  if (context.signal.aborted) return;
  const lease = await leaseProgram(context, launch, path);
  let isFit = false;
  try {
    const conversation = new Conversation(lease.value, context);
    yield* conversation.carryOut({ askFirst: launch.mustAsk && lease.fresh });
    isFit = await endCancelledWork(context, lease.value);
  } catch (error) {
    // A turn that failed and is over leaves a sound program: the next run can go on from it.
    isFit = lease.value.alive && !lease.value.isBusy;
    throw error;
  } finally {
    if (isFit) lease.release();
    else await lease.discard();
  }
}

/** The session's program; a new one when there is none, or when it was started for something else. */
async function leaseProgram(context: HarnessContext, launch: Launch, path: string): Promise<Lease<ClaudeProgram>> {
  const { id, token, fork } = context.session;
  const sessionArgs = token === undefined ? ["--session-id", randomUUID()] : ["--resume", token, ...(fork ? ["--fork-session"] : [])];
  for (;;) {
    const lease = await context.warm.lease(id, () => ClaudeProgram.start(context, launch, path, sessionArgs));
    const { fingerprint, sessionId } = lease.value;
    if (lease.fresh || (fingerprint === launch.fingerprint && sessionId === (token ?? null) && !fork)) return lease;
    await lease.discard();
  }
}

/** After a cancel: ends the commands that it left. False when the program cannot be kept. */
async function endCancelledWork({ signal, session, sweep, mcpServers }: HarnessContext, program: ClaudeProgram): Promise<boolean> {
  if (!signal.aborted) return program.alive && !program.isBusy;
  // A sweep would end its MCP servers too; then it is easier to begin anew.
  if (!program.alive || program.isBusy || mcpServers.some(({ type }) => type === "stdio")) return false;
  await sweep(session.id, [program.process.pid]);
  return true;
}
