// The methods that tell what this box is and can do.
import type { Harness } from "../../../harnesses/harness.ts";
import type { Tool } from "../../../tools/tool.ts";
import type { Config } from "../../settings/config.ts";
import type { Journal } from "../../journal/journal.ts";
import { PROTOCOL_VERSION } from "../../wire/methods.ts";
import type { Handlers } from "./method-table.ts";
import { resendable } from "./resendable.ts";
import { VERSION } from "../../wire/version.ts";

export interface BoxHandlersOptions {
  readonly config: Config;
  readonly journal: Journal;
  readonly tools: readonly Tool[];
  readonly harnesses: readonly Harness[];
}

export function boxHandlers({
  config,
  journal,
  tools,
  harnesses,
}: BoxHandlersOptions): Pick<Handlers, "daemon_info" | "harness_list"> {
  const { maxRuns, maxQueuedRuns, maxConnections, maxFrameMb, maxRecordMb } = config;
  return {
    daemon_info: async () => ({
      version: VERSION,
      protocol: PROTOCOL_VERSION,
      cursor: journal.head,
      oldest: journal.oldest,
      workspace: config.workspace,
      tools: tools.map((tool) => tool.name),
      harnesses: harnesses.map((harness) => harness.name),
      resend: resendable(tools),
      limits: { maxRuns, maxQueuedRuns, maxConnections, maxFrameMb, maxRecordMb },
    }),
    harness_list: async () => ({
      harnesses: await Promise.all(harnesses.map((harness) => describe(harness, config.agentsDir))),
    }),
  };
}

async function describe(harness: Harness, agentsDir: string) {
  const { name, title, defaultModel, capabilities, unaskedTools = [] } = harness;
  const readiness = (await harness.check?.({ agentsDir })) ?? { ready: true, version: VERSION };
  const state = readiness.ready
    ? { ready: true, version: readiness.version, reason: null }
    : { ready: false, version: null, reason: `${readiness.reason}. ${readiness.fix}` };
  return {
    name,
    title,
    ...state,
    defaultModel,
    capabilities: { ...capabilities },
    unaskedTools: [...unaskedTools],
  };
}
