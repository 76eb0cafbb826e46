// Makes sure, before the agents' tests, that the programs are there: by the same installer that users call.
import { resolve } from "node:path";
import { installAgents } from "../../src/agents/install.ts";

/** Where the programs are, or will be when `HARNESSD_AGENTS_DIR` says nothing. */
export const AGENTS_DIR = resolve(
  process.env["HARNESSD_AGENTS_DIR"] || "node_modules/.cache/harnessd-agents",
);

/** A vitest global setup. Missing programs are installed; what is there is left alone. */
export async function setup(): Promise<void> {
  const said = new Set<string>();
  const results = await installAgents([], {
    agentsDir: AGENTS_DIR,
    env: process.env,
    signal: new AbortController().signal,
    onProgress: ({ name, version, stage }) => {
      const line = `${name} ${version}: ${stage}\n`;
      if (!said.has(line)) process.stdout.write(line);
      said.add(line);
    },
  });
  const missing = results.filter((result) => !result.ready);
  if (missing.length > 0)
    throw new Error(
      missing.map((each) => `${each.name}: ${each.reason}; to fix it: ${each.fix}`).join("\n"),
    );
}
