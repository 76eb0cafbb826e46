// OpenAI's Codex as a harness: one `codex app-server` kept warm for all sessions, a thread for each.
import { mkdir } from "node:fs/promises";
import { locateAgent, requireAgent } from "./agent-programs.ts";
import { AppServer } from "./codex/app-server.ts";
import type { Channel } from "./codex/channel.ts";
import { Conversation } from "./codex/conversation.ts";
import { CodexOptions } from "./codex/options.ts";
import { QUIET_FEATURES, refuseForeignDialect, threadSettings } from "./codex/thread-settings.ts";
import { selectTools } from "./codex/tool-selection.ts";
import { HarnessError } from "./harness.ts";
import type { Harness, HarnessContext } from "./harness.ts";

const NAME = "codex";
const DEFAULT_MODEL = "openai/gpt-5.5";

/** For the whole server: nothing is sent, fetched or begun that no run has asked for. */
const QUIET = [
  ["-c", "analytics.enabled=false"],
  ["-c", "feedback.enabled=false"],
  ["-c", 'otel.exporter="none"'],
  ["-c", 'otel.metrics_exporter="none"'],
  ["-c", "check_for_update_on_startup=false"],
  ...Object.keys(QUIET_FEATURES).map((feature) => ["--disable", feature]),
].flat();

export const codex: Harness = {
  name: NAME,
  title: "Codex",
  capabilities: {
    steer: true,
    resume: true,
    fork: true,
    images: true,
    schema: true,
    effort: true,
    mcpServers: true,
    permissions: true,
    toolSelection: true,
    liveOutput: true,
  },
  defaultModel: DEFAULT_MODEL,
  options: CodexOptions,

  check: ({ agentsDir }) => locateAgent(NAME, agentsDir),

  async *run(context) {
    const options = CodexOptions.parse(context.options ?? {});
    const modelName = context.model ?? DEFAULT_MODEL;
    const access = context.modelAccess(modelName);
    refuseForeignDialect(access);
    const tools = selectTools(context);
    const lease = await context.warm.lease(NAME, () => startServer(context));
    const server = lease.value;
    let opened: { threadId: string; channel: Channel } | undefined;
    let conversation: Conversation | undefined;
    try {
      opened = await openThread(server, context, threadSettings(context, access, options, tools));
      yield { type: "session.bound", token: opened.threadId };
      conversation = new Conversation(server, context, { ...opened, model: modelName, options, tools });
      yield* conversation.run();
    } finally {
      const isUnloaded = (await conversation?.unload()) ?? opened === undefined;
      if (opened) server.routes.close(opened.channel);
      if (isUnloaded && server.alive) lease.release();
      else await lease.discard();
      if (context.signal.aborted) await context.sweep(context.runId, []);
    }
  },
};

async function startServer({ agentsDir, stateDir, spawn, env }: HarnessContext): Promise<AppServer> {
  const { path } = await requireAgent(NAME, agentsDir);
  await mkdir(stateDir, { recursive: true });
  const process = await spawn({
    command: [path, "app-server", ...QUIET],
    cwd: stateDir,
    env: { PATH: env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", HOME: stateDir, CODEX_HOME: stateDir, RUST_LOG: "error" },
    stdin: "open",
    owner: NAME,
  });
  return await AppServer.start(process);
}

/** Throws HarnessError `session_not_found` where the conversation to go on with is gone. */
async function openThread(server: AppServer, context: HarnessContext, settings: object): Promise<{ threadId: string; channel: Channel }> {
  const { signal } = context;
  const { token, fork } = context.session;
  if (token === undefined) return await server.openThread("thread/start", settings, signal);
  try {
    return await server.openThread(fork ? "thread/fork" : "thread/resume", { threadId: token, excludeTurns: true, ...settings }, signal);
  } catch (error) {
    if (!(error instanceof HarnessError) || !/no rollout found|invalid session id|thread not found/i.test(error.message)) throw error;
    throw new HarnessError("session_not_found", `Codex has no session ${token} any more: start a new one`, { cause: error });
  }
}
