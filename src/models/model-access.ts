// Where a run reaches its model, and with what: the run's own settings first, then the daemon's, then the provider's usual address.
import { HarnessError } from "../../harnesses/harness.ts";
import { providers, splitModelName, type ModelAccess, type ProviderDescription } from "../../harnesses/providers.ts";
import type { ProviderSettings } from "../config.ts";

type SettingsByProvider = Readonly<Record<string, ProviderSettings>>;

/** Throws HarnessError `unknown_provider` or `missing_credential`; both say what to do. */
export function resolveModelAccess(name: string, ofRun: SettingsByProvider, ofDaemon: SettingsByProvider): ModelAccess {
  const split = splitModelName(name);
  if (split === null) {
    const known = providers.map((each) => `${each.name}/…`).join(", ");
    throw new HarnessError("unknown_provider", `Model "${name}" names no known provider; wanted one of ${known}`);
  }
  const { provider, model } = split;
  const apiKey = ofRun[provider.name]?.apiKey ?? ofDaemon[provider.name]?.apiKey;
  const baseUrl = ofRun[provider.name]?.baseUrl ?? ofDaemon[provider.name]?.baseUrl ?? provider.defaultBaseUrl;
  if (baseUrl === null) throw missing(provider, "base URL", provider.baseUrlVariable);
  if (apiKey === undefined && provider.needsKey) throw missing(provider, "key", provider.keyVariable);
  return { provider: provider.name, dialect: provider.dialect, model, baseUrl, apiKey: apiKey ?? "none" };
}

function missing(provider: ProviderDescription, what: string, variable: string): HarnessError {
  const message = `There is no ${what} for ${provider.name}: set ${variable} in the daemon's environment, or give it with the run under providers.${provider.name}`;
  return new HarnessError("missing_credential", message, { data: { provider: provider.name, variable } });
}
