// How Claude Code is started for a run: its arguments, its environment, the files that it reads, and what makes a running one unfit.
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { MAX_TEXT_BYTES } from "../../tools/machinery/process/argument-limits.ts";
import type { HarnessContext, McpServer } from "../harness.ts";
import type { ModelAccess } from "../providers.ts";
import { ClaudeCodeOptions, DEFAULT_MODEL } from "./options.ts";
import { POINTLESS_TOOLS } from "./tool-names.ts";

export interface Launch {
  /** Without what names the session. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The program's private directory: temporary files, and those of `files`; removed when the program ends. */
  readonly directory: string;
  /** Content by name; only its owner may read them, and secrets stand in no argument. */
  readonly files: Readonly<Record<string, string>>;
  /** Every tool call must be asked for. */
  readonly mustAsk: boolean;
  /** Two launches with the same one can share a process. */
  readonly fingerprint: string;
}

const MCP_FILE = "mcp.json";
const PROMPT_FILE = "system-prompt.md";

/** Throws what `modelAccess` throws. */
export function planLaunch(context: HarnessContext): Launch {
  const options = ClaudeCodeOptions.parse(context.options ?? {});
  const access = context.modelAccess(context.model ?? DEFAULT_MODEL, "anthropic-messages");
  const directory = directoryOf(context);
  const { mcpServers, mustAsk, limits } = context;
  const appended = appendedPrompt(context);
  const files = {
    ...(mcpServers.length > 0 && {
      [MCP_FILE]: JSON.stringify({ mcpServers: Object.fromEntries(mcpServers.map(mcpEntry)) }),
    }),
    ...(appended !== undefined && { [PROMPT_FILE]: appended }),
  };
  const args = [...PROTOCOL, ...argumentsFor(context, options, access, directory)];
  const env = environmentFor(context, options, access, directory);
  // The program counts its budget from its start, so a run with one gets a process of its own.
  const budgetOf = limits.maxCostUsd === undefined ? null : context.runId;
  const fingerprint = digest(
    JSON.stringify([args, env, files, context.cwd, budgetOf]).replaceAll(directory, ""),
  );
  return { args, env, directory, files, mustAsk, fingerprint };
}

/** What goes behind the program's own system prompt, by file: the caller's text, and a schema that no argument can hold. */
function appendedPrompt({ systemPrompt, schema }: HarnessContext): string | undefined {
  const texts = [systemPrompt ?? [], schema && isTooLarge(schema) ? schemaInstruction(schema) : []];
  return texts.flat().length === 0 ? undefined : texts.flat().join("\n\n");
}

function isTooLarge(schema: Readonly<Record<string, unknown>>): boolean {
  return Buffer.byteLength(JSON.stringify(schema)) >= MAX_TEXT_BYTES;
}

/** The answer is checked, and repaired, by the daemon in any case. */
function schemaInstruction(schema: Readonly<Record<string, unknown>>): string {
  return `Your final answer must be JSON alone, without a fence, that satisfies this JSON Schema:\n${JSON.stringify(schema)}`;
}

const PROTOCOL = [
  "-p",
  "--input-format",
  "stream-json",
  "--output-format",
  "stream-json",
  "--include-partial-messages",
  "--verbose",
];

function argumentsFor(
  context: HarnessContext,
  options: ClaudeCodeOptions,
  access: ModelAccess,
  directory: string,
): string[] {
  const { limits, schema, allowedTools, effort } = context;
  const settings = ["--setting-sources", options.settingSources.join(","), "--strict-mcp-config"];
  const permissions = context.mustAsk
    ? ["--permission-mode", "manual", "--permission-prompt-tool", "stdio"]
    : ["--permission-mode", "bypassPermissions"];
  const offered = allowedTools?.filter((name) => !name.startsWith("mcp__"));
  return [
    ...settings,
    ...permissions,
    "--model",
    access.model,
    ...(effort === undefined ? [] : ["--effort", effort]),
    ...(offered === undefined ? [] : ["--tools", offered.join(",")]),
    "--disallowedTools",
    ...POINTLESS_TOOLS,
    ...context.deniedTools,
    ...(context.mcpServers.length === 0 ? [] : ["--mcp-config", join(directory, MCP_FILE)]),
    // Without the second, a resumed session would keep the prompt that it began with.
    ...(appendedPrompt(context) === undefined
      ? []
      : [
          "--append-system-prompt-file",
          join(directory, PROMPT_FILE),
          "--system-prompt-snapshot",
          "off",
        ]),
    ...(schema === undefined || isTooLarge(schema)
      ? []
      : ["--json-schema", JSON.stringify(schema)]),
    ...(limits.maxTurns === undefined ? [] : ["--max-turns", String(limits.maxTurns)]),
    ...(limits.maxCostUsd === undefined ? [] : ["--max-budget-usd", String(limits.maxCostUsd)]),
    ...(options.fallbackModel === undefined ? [] : ["--fallback-model", options.fallbackModel]),
    ...(options.addDirectories.length === 0 ? [] : ["--add-dir", ...options.addDirectories]),
  ];
}

function environmentFor(
  context: HarnessContext,
  options: ClaudeCodeOptions,
  access: ModelAccess,
  directory: string,
): Record<string, string> {
  // The process outlives the run, so it must not bear the run's marker; nor may the commands' environment turn it to another server.
  const isOurs = (name: string): boolean =>
    name in context.marker || /^(ANTHROPIC_|CLAUDE)/.test(name);
  const forCommands = Object.fromEntries(
    Object.entries(context.env).filter(([name]) => !isOurs(name)),
  );
  return {
    ...forCommands,
    ...credentialsFor(access),
    CLAUDE_CONFIG_DIR: join(context.stateDir, "config"),
    CLAUDE_CODE_TMPDIR: directory,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
    CLAUDE_CODE_ENABLE_TODO_TOOLS: "1",
    CLAUDE_CODE_MAX_RETRIES: String(options.maxRetries),
    ENABLE_TOOL_SEARCH: String(options.toolSearch),
    // It refuses to work without permission prompts as root, unless it is told that this is a box.
    ...(process.getuid?.() === 0 && { IS_SANDBOX: "1" }),
  };
}

function credentialsFor({ provider, baseUrl, apiKey, model }: ModelAccess): Record<string, string> {
  if (provider === "anthropic") return { ANTHROPIC_BASE_URL: baseUrl, ANTHROPIC_API_KEY: apiKey };
  return {
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_AUTH_TOKEN: apiKey,
    // Elsewhere the program's own names for small and large models mean nothing.
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    ANTHROPIC_DEFAULT_SONNET_MODEL: model,
    ANTHROPIC_DEFAULT_OPUS_MODEL: model,
  };
}

/** Each program's own, since one may still be ending while the next begins. Short, for a socket's path must fit into 103 bytes. */
function directoryOf({ stateDir, session }: HarnessContext): string {
  return join(stateDir, "t", digest(session.id).slice(0, 8), randomBytes(3).toString("hex"));
}

function mcpEntry(server: McpServer): [string, object] {
  const { name, ...rest } = server;
  return [name, rest];
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
