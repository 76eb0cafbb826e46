// A run's wishes as the settings of a Codex thread. They hold while the thread is loaded, which is for one run.
import type { HarnessContext, McpServer } from "../harness.ts";
import type { ModelAccess } from "../providers.ts";
import type { CodexOptions } from "./options.ts";
import type { ToolSelection } from "./tool-selection.ts";

type Settings = Readonly<Record<string, unknown>>;

/** What our provider is called in a thread; the real one is behind its address. */
const PROVIDER = "harnessd";
const MCP_STARTUP_SECONDS = 30;

/**
 * Plugins and apps come from the network; goals let a thread begin turns by itself; a snapshot would keep an environment
 * on disk; connections that fail would be tried for ever. A thread's features stand in place of the server's: both need these.
 */
export const QUIET_FEATURES = {
  plugins: false,
  apps: false,
  goals: false,
  shell_snapshot: false,
  unbounded_connection_retries: false,
} as const;

/** The parameters of `thread/start`, `thread/resume` and `thread/fork` alike. */
export function threadSettings(
  context: HarnessContext,
  access: ModelAccess,
  options: CodexOptions,
  tools: ToolSelection,
): Settings {
  return {
    model: access.model,
    modelProvider: PROVIDER,
    cwd: context.cwd,
    // "untrusted" asks about every command and patch; the box is the sandbox.
    approvalPolicy: tools.mustAsk ? "untrusted" : "never",
    sandbox: "danger-full-access",
    developerInstructions: context.systemPrompt ?? null,
    serviceTier: options.serviceTier ?? null,
    config: {
      model_providers: { [PROVIDER]: providerSettings(access, options) },
      mcp_servers: Object.fromEntries(
        context.mcpServers.map((server) => [
          server.name,
          mcpServerSettings(server, context, tools),
        ]),
      ),
      // Nothing of the server's own environment: the model's commands get what the run gives them, and the run's mark.
      shell_environment_policy: { inherit: "none", set: { ...context.env, ...context.marker } },
      allow_login_shell: false, // a login shell would set PATH anew
      features: { ...QUIET_FEATURES, ...options.features, ...tools.features },
      tools: { update_plan: { enabled: tools.plan } },
      ...(!tools.subagents && { agents: { enabled: false } }),
      ...webSearchSetting(options, tools),
      ...(options.verbosity && { model_verbosity: options.verbosity }),
      // Settings are read when a thread is loaded: it is unloaded after each run, so that the next one's hold.
      thread_unload_delay_secs: 0,
    },
  };
}

/** The key stands in memory only: not in the arguments, the environment or a file of the server. */
function providerSettings(
  { provider, baseUrl, apiKey }: ModelAccess,
  options: CodexOptions,
): Settings {
  return {
    name: provider,
    base_url: baseUrl,
    wire_api: "responses",
    ...(apiKey !== "" && { experimental_bearer_token: apiKey }),
    request_max_retries: 0, // these would be silent; the stream's retries are told
    stream_max_retries: options.maxRetries,
    stream_idle_timeout_ms: options.streamIdleTimeoutMs,
    supports_websockets: false,
  };
}

function mcpServerSettings(
  server: McpServer,
  { env, marker, cwd }: HarnessContext,
  tools: ToolSelection,
): Settings {
  const shared = {
    startup_timeout_sec: MCP_STARTUP_SECONDS,
    default_tools_approval_mode: tools.mustAsk ? "prompt" : "approve",
    ...tools.forServer(server.name),
  };
  if (server.type === "http") return { url: server.url, http_headers: server.headers, ...shared };
  return {
    command: server.command,
    args: server.args,
    env: { ...env, ...server.env, ...marker },
    cwd,
    ...shared,
  };
}

function webSearchSetting(options: CodexOptions, tools: ToolSelection): Settings {
  if (!tools.webSearch) return { web_search: "disabled" };
  return options.webSearch ? { web_search: options.webSearch } : {};
}
