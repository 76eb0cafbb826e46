// The daemon's configuration from flags and environment, and the only place that reads `process.env`.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { providers } from "../../harnesses/providers.ts";
import { describeIssue } from "../wire/issue-text.ts";
import { GIT_LOCAL_VARIABLES } from "../../tools/machinery/repository/local-variables.ts";
import { PROMPTING_VARIABLES, UNATTENDED } from "./unattended.ts";
import { settings, type Setting, type Settings } from "./settings.ts";

/** A provider's key and address, as the environment or a host gave them. */
export interface ProviderSettings {
  readonly apiKey?: string | undefined;
  readonly baseUrl?: string | undefined;
}

export interface Config extends Settings {
  /** By provider name, from the variables that each provider's own SDK reads. */
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** What commands in the box inherit: the daemon's environment without anything secret. */
  readonly commandEnv: Readonly<Record<string, string>>;
}

/** Wrong settings: one line for each, naming the flag, the variable and what was wanted. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Flags win over variables, variables over defaults. Throws ConfigError. */
export function readConfig(
  flags: Readonly<Record<string, unknown>>,
  given: Environment = process.env,
): Config {
  const environment = {
    ...given,
    ...readSecrets(flags["secretsFile"] ?? given[settings.secretsFile.variable]),
  };
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(settings)) {
    const value = flags[name] ?? (environment[each.variable] || each.standard); // an empty variable is none
    const parsed = (each as Setting).schema.safeParse(value);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(
        `${each.flag} (${each.variable}): ${parsed.error.issues.map(describeIssue).join(", ")}${foundIn(each, value)}`,
      );
  }
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
  const read = values as Settings;
  return {
    ...read,
    token: read.token ?? readToken(read.tokenFile),
    stateDir: resolve(read.stateDir),
    workspace: resolve(read.workspace),
    agentsDir: resolve(read.agentsDir),
    providers: readProviders(environment),
    commandEnv: commandEnvironment(environment),
  };
}

/** Not of a secret: what is too short for a token may be most of one. */
function foundIn({ variable }: Setting, value: unknown): string {
  return SECRET_VARIABLES.has(variable) ? "" : `; found ${JSON.stringify(value)}`;
}

/** The variable that a client reads for a setting of its own, such as the daemon's URL; an empty one is none. */
export function readVariable(name: "HARNESSD_URL" | "HARNESSD_TOKEN"): string | undefined {
  return process.env[name] || undefined;
}

/** The whole environment, for what is the user's own: npm, the terminal, a value handed on by name. */
export function readEnvironment(): Environment {
  return process.env;
}

/** The variables that hold keys and tokens, by the settings and providers that they are for. */
const SECRET_VARIABLES: ReadonlySet<string> = new Set([
  settings.token.variable,
  settings.connectToken.variable,
  ...providers.map((each) => each.keyVariable),
]);

function readSecrets(file: unknown): Record<string, string> {
  if (typeof file !== "string" || file === "") return {};
  const lines = readLines(file).filter((line) => line !== "" && !line.startsWith("#"));
  // What has no name may be a secret by itself: it is not repeated in the complaint.
  const pairs = lines.map(
    (line): [string, string] =>
      (/^(\w+)=(.*)$/s.exec(line)?.slice(1) as [string, string] | undefined) ?? ["", line],
  );
  const unknown = pairs
    .filter(([name]) => !SECRET_VARIABLES.has(name))
    .map(([name]) => name || "a line without a name");
  if (unknown.length === 0) return Object.fromEntries(pairs);
  throw new ConfigError(
    `--secrets-file: ${file} holds ${unknown.join(", ")}; wanted NAME=value for ${[...SECRET_VARIABLES].join(", ")}`,
  );
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/);
  } catch (error) {
    throw new ConfigError(`--secrets-file: ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    const token = readFileSync(file, "utf8").trim();
    if (token.length >= 8) return token;
  } catch (error) {
    throw new ConfigError(`--token-file: ${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new ConfigError(`--token-file: ${file} must hold a token of at least 8 characters`);
}

function readProviders(environment: Environment): Record<string, ProviderSettings> {
  return Object.fromEntries(
    providers.map((each) => [
      each.name,
      {
        apiKey: environment[each.keyVariable] || undefined,
        baseUrl: environment[each.baseUrlVariable] || undefined,
      },
    ]),
  );
}

/** Provider keys and our own settings stay behind: a model's shell could print them. So does the repository that the daemon was started in. */
function commandEnvironment(environment: Environment): Record<string, string> {
  const left = new Set<string>([
    ...providers.flatMap((each) => [each.keyVariable, each.baseUrlVariable]),
    ...GIT_LOCAL_VARIABLES,
    ...PROMPTING_VARIABLES,
  ]);
  const kept = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && !left.has(name) && !name.startsWith("HARNESSD_"),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...UNATTENDED };
}

/** Every key and token of the daemon's own. */
export function secretsOf({ token, connectToken, providers }: Config): string[] {
  return [token, connectToken, ...Object.values(providers).map((each) => each.apiKey)].filter(
    (value) => value !== undefined,
  );
}
