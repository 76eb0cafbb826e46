// The settings of the watch over harnesses, as the watch reads them.
import type { Config } from "../../settings/config.ts";
import type { WatchLimits } from "./run-watch.ts";

const MS_PER_SECOND = 1000;

export function watchLimits(config: Config): WatchLimits {
  return {
    firstEventMs: config.firstEventTimeout * MS_PER_SECOND,
    progressMs: config.progressTimeout * MS_PER_SECOND,
    toolMs: config.toolTimeout * MS_PER_SECOND,
    exitMs: config.exitTimeout * MS_PER_SECOND,
    cancelMs: config.cancelTimeout * MS_PER_SECOND,
    retries: config.maxRetries,
  };
}
