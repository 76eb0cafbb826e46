// What a server of OpenCode finds on the disk: directories of its own, a configuration without keys, and nothing that it would have to download.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModelAccess, ModelDialect } from "../providers.ts";
import { boxPlugin } from "./box-plugin.ts";
import type { BoxPluginOptions } from "./box-plugin.ts";

/** Never reached: the plugin puts the run's own address in its place. */
const PLACEHOLDER_URL = "http://model.invalid/v1";
/** Bundled with OpenCode: nothing is installed for them. */
const PACKAGES: Readonly<Record<ModelDialect, string>> = {
  "anthropic-messages": "@ai-sdk/anthropic",
  "openai-responses": "@ai-sdk/openai",
  "openai-chat": "@ai-sdk/openai-compatible",
};
/** OpenCode fetches this on its first start, unless it seems to be there. */
const PLUGIN_PACKAGE = "@opencode-ai/plugin";

export type KnownModel = Pick<ModelAccess, "provider" | "dialect" | "model">;

export interface Installation {
  /** Runs leave what their sessions need here, for the plugin. */
  readonly sessionsDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ends what only this server used; conversations stay. */
  remove(): Promise<void>;
}

/** Prepares a server's directories below `stateDir`: those with the conversations are shared, the others are this server's alone. */
export async function prepareInstallation(
  stateDir: string,
  serverName: string,
  models: readonly KnownModel[],
  password: string,
): Promise<Installation> {
  const own = join(stateDir, "servers", serverName);
  const at = (name: string): string => join(own, name);
  const [sessionsDir, temporary, config, plugin] = [
    at("sessions"),
    at("tmp"),
    at("config.json"),
    at("plugin.mjs"),
  ];
  for (const directory of [sessionsDir, temporary, join(stateDir, "home")])
    await mkdir(directory, { recursive: true, mode: 0o700 });
  await seedPluginPackage(join(stateDir, "config", "opencode"));
  await writeFile(plugin, `export const boxPlugin = ${boxPlugin.toString()};\n`);
  await writeFile(
    config,
    JSON.stringify(configuration(models, plugin, { sessionsDir, placeholderUrl: PLACEHOLDER_URL })),
    { mode: 0o600 },
  );
  const shared = ["data", "config", "cache", "state"].map((name) => [
    `XDG_${name.toUpperCase()}_HOME`,
    join(stateDir, name),
  ]);
  const env = {
    ...Object.fromEntries(shared),
    HOME: join(stateDir, "home"),
    TMPDIR: temporary,
    OPENCODE_CONFIG: config,
    OPENCODE_SERVER_PASSWORD: password,
    // Not one of its own front ends: no tool that asks a person.
    OPENCODE_CLIENT: "harnessd",
    ...QUIET,
  };
  return { sessionsDir, env, remove: () => rm(own, { recursive: true, force: true }) };
}

/** Removes what servers of a daemon before this one have left. */
export async function removeLeftovers(stateDir: string): Promise<void> {
  await rm(join(stateDir, "servers"), { recursive: true, force: true });
}

/** Nothing is sent, fetched or read that no run has asked for; a project's own configuration could run code in the shared server. */
const QUIET = {
  OPENCODE_DISABLE_AUTOUPDATE: "1",
  OPENCODE_DISABLE_MODELS_FETCH: "1",
  OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  OPENCODE_DISABLE_SHARE: "1",
  OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
  OPENCODE_DISABLE_PROJECT_CONFIG: "1",
  OPENCODE_DISABLE_CLAUDE_CODE: "1",
  OPENCODE_DISABLE_EXTERNAL_SKILLS: "1",
  OPENCODE_DISABLE_EMBEDDED_WEB_UI: "1",
};

/** What commands of an agent must not inherit of the server's own environment: a value each, since it can only be overwritten. */
export function hiddenFromCommands(
  installation: Installation,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const hidden = Object.keys(installation.env).map((name) => [
    name,
    env[name] ?? (name === "TMPDIR" ? "/tmp" : ""),
  ]);
  return Object.fromEntries(hidden) as Record<string, string>;
}

/** The agent that asks before each use of a tool. Paths outside and repetitions are not asked about apart from the tool itself. */
export const ASKING_AGENT = "asking";

function configuration(
  models: readonly KnownModel[],
  pluginPath: string,
  options: BoxPluginOptions,
): unknown {
  const providers = [...new Set(models.map((model) => model.provider))];
  return {
    autoupdate: false,
    share: "disabled",
    snapshot: false, // the daemon sees what changes
    permission: "allow",
    agent: {
      [ASKING_AGENT]: {
        mode: "primary",
        permission: { "*": "ask", external_directory: "allow", doom_loop: "allow" },
      },
    },
    plugin: [[pathToFileURL(pluginPath).href, options]],
    enabled_providers: providers,
    provider: Object.fromEntries(
      providers.map((name) => [
        name,
        providerEntry(models.filter((model) => model.provider === name)),
      ]),
    ),
  };
}

function providerEntry(models: readonly KnownModel[]): unknown {
  const capabilities = {
    tool_call: true,
    attachment: true,
    reasoning: true,
    modalities: { input: ["text", "image", "pdf"], output: ["text"] },
  };
  const dialect = models[0]?.dialect ?? "openai-chat";
  return {
    npm: PACKAGES[dialect],
    options: { baseURL: PLACEHOLDER_URL, apiKey: "of-the-run" },
    models: Object.fromEntries(models.map(({ model }) => [model, capabilities])),
  };
}

/** A model's address in the place of the placeholder. */
export function requestBaseUrl({
  dialect,
  baseUrl,
}: Pick<ModelAccess, "dialect" | "baseUrl">): string {
  const address = baseUrl.replace(/\/+$/, "");
  return dialect === "anthropic-messages" ? `${address}/v1` : address;
}

/** An empty package that looks installed; OpenCode needs it only to compile plugins against. */
async function seedPluginPackage(directory: string): Promise<void> {
  const dependencies = { [PLUGIN_PACKAGE]: "*" };
  const inside = join(directory, "node_modules", PLUGIN_PACKAGE);
  await mkdir(inside, { recursive: true });
  await writeFile(join(directory, "package.json"), JSON.stringify({ dependencies }));
  await writeFile(
    join(directory, "package-lock.json"),
    JSON.stringify({ lockfileVersion: 3, packages: { "": { dependencies } } }),
  );
  await writeFile(
    join(inside, "package.json"),
    JSON.stringify({ name: PLUGIN_PACKAGE, version: "0.0.0" }),
  );
}
