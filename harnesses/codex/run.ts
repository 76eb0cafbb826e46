// One run of Codex from its wishes to its end: refused, or given the warm server and a thread that is its own meanwhile.
import { CodedError } from "../../tools/coded-error.ts";
import { mkdir } from "node:fs/promises";
import { requireAgent } from "../agent-programs.ts";
import type { HarnessEvent } from "../events.ts";
import type { HarnessContext } from "../harness.ts";
import { AppServer } from "./app-server.ts";
import type { Channel } from "./channel.ts";
import { Conversation } from "./conversation.ts";
import { CodexOptions } from "./options.ts";
import { QUIET_FEATURES, threadSettings } from "./thread-settings.ts";
import { selectTools } from "./tool-selection.ts";

/** For the whole server: nothing is sent, fetched or begun that no run has asked for. */
const QUIET = [
  ["-c", "analytics.enabled=false"],
  ["-c", "feedback.enabled=false"],
  ["-c", 'otel.exporter="none"'],
  ["-c", 'otel.metrics_exporter="none"'],
  ["-c", "check_for_update_on_startup=false"],
  ...Object.keys(QUIET_FEATURES).map((feature) => ["--disable", feature]),
].flat();

export interface CodexRun {
  /** The harness's name: the program's, the warm server's and its owner's too. */
  readonly name: string;
  readonly context: HarnessContext;
  /** With its provider. */
  readonly modelName: string;
}

/** Throws CodedError for wishes that Codex cannot fulfil before anything starts. */
export async function* runCodex({
  name,
  context,
  modelName,
}: CodexRun): AsyncGenerator<HarnessEvent, void> {
  const options = CodexOptions.parse(context.options ?? {});
  const access = context.modelAccess(modelName, "openai-responses");
  const tools = selectTools(context);
  const lease = await context.warm.lease(name, () => startServer(name, context));
  const server = lease.value;
  let opened: { threadId: string; channel: Channel } | undefined;
  let conversation: Conversation | undefined;
  try {
    opened = await openThread(server, context, threadSettings(context, access, options, tools));
    conversation = new Conversation(server, context, {
      ...opened,
      model: modelName,
      options,
      tools,
    });
    yield { type: "session.bound", token: opened.threadId };
    yield* conversation.run();
  } finally {
    if (context.signal.aborted) await context.sweep(context.runId, []);
    const isUnloaded = (await conversation?.unload()) ?? opened === undefined;
    if (opened) server.routes.close(opened.channel);
    if (isUnloaded && server.alive) lease.release();
    else await lease.discard();
  }
}

async function startServer(
  name: string,
  { agentsDir, stateDir, spawn, env }: HarnessContext,
): Promise<AppServer> {
  const { path } = await requireAgent(name, agentsDir);
  await mkdir(stateDir, { recursive: true });
  const process = await spawn({
    command: [path, "app-server", ...QUIET],
    cwd: stateDir,
    env: {
      PATH: env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
      HOME: stateDir,
      CODEX_HOME: stateDir,
      RUST_LOG: "error",
    },
    stdin: "open",
    owner: name,
  });
  return await AppServer.start(process);
}

/** Throws CodedError `session_not_found` where the conversation to go on with is gone. */
async function openThread(
  server: AppServer,
  context: HarnessContext,
  settings: object,
): Promise<{ threadId: string; channel: Channel }> {
  const { signal } = context;
  const { token, fork } = context.session;
  if (token === undefined) return await server.openThread("thread/start", settings, signal);
  try {
    return await server.openThread(
      fork ? "thread/fork" : "thread/resume",
      { threadId: token, excludeTurns: true, ...settings },
      signal,
    );
  } catch (error) {
    if (
      !(error instanceof CodedError) ||
      !/no rollout found|invalid session id|thread not found/i.test(error.message)
    )
      throw error;
    throw new CodedError(
      "session_not_found",
      `Codex has no session ${token} any more: start a new one`,
      { cause: error },
    );
  }
}
