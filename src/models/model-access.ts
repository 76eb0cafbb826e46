// Where a run reaches its model, and with what: the run's own settings first, then the daemon's, then the provider's usual address.
import { CodedError } from "../../tools/coded-error.ts";
import { baseUrlFor, providers, splitModelName } from "../../harnesses/providers.ts";
import type { ModelAccess, ModelDialect, ProviderDescription } from "../../harnesses/providers.ts";
import type { ProviderSettings } from "../settings/config.ts";

type SettingsByProvider = Readonly<Record<string, ProviderSettings>>;

export interface ModelWish {
  /** With its provider. */
  readonly model: string;
  /** What the asker speaks; absent: everything. */
  readonly dialects?: readonly ModelDialect[] | undefined;
}

/** Throws CodedError `unknown_provider`, `dialect_not_served` or `missing_credential`; each says what to do. */
export function resolveModelAccess(
  { model: name, dialects }: ModelWish,
  ofRun: SettingsByProvider,
  ofDaemon: SettingsByProvider,
): ModelAccess {
  const split = splitModelName(name);
  if (split === null) {
    const known = providers.map((each) => `${each.name}/…`).join(", ");
    throw new CodedError(
      "unknown_provider",
      `Model "${name}" names no known provider; wanted one of ${known}`,
    );
  }
  const { provider, model } = split;
  const dialect = provider.dialects.find((each) => dialects?.includes(each) ?? true);
  if (dialect === undefined) throw notServed(provider, dialects ?? []);
  const apiKey = ofRun[provider.name]?.apiKey ?? ofDaemon[provider.name]?.apiKey;
  const baseUrl =
    ofRun[provider.name]?.baseUrl ?? ofDaemon[provider.name]?.baseUrl ?? provider.defaultBaseUrl;
  if (apiKey === undefined && provider.needsKey) throw missingKey(provider);
  return {
    provider: provider.name,
    dialect,
    model,
    baseUrl: baseUrlFor(dialect, provider, baseUrl),
    apiKey: apiKey ?? "none",
  };
}

function notServed(
  { name, dialects }: ProviderDescription,
  wanted: readonly ModelDialect[],
): CodedError {
  const others = providers
    .filter((each) => each.dialects.some((dialect) => wanted.includes(dialect)))
    .map((each) => each.name);
  const message = `${name} serves ${dialects.join(", ")}, and ${wanted.join(", ")} is wanted; providers that serve it: ${others.join(", ")}`;
  return new CodedError("dialect_not_served", message, {
    data: { provider: name, serves: dialects, wanted, providers: others },
  });
}

function missingKey({ name, keyVariable: variable }: ProviderDescription): CodedError {
  const message = `There is no key for ${name}: set ${variable} in the daemon's environment, or give it with the run under providers.${name}`;
  return new CodedError("missing_credential", message, { data: { provider: name, variable } });
}
