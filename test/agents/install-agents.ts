// For `test:agents`, before its tests: the pinned programs, in the directory that HARNESSD_AGENTS_DIR names or in one kept for tests.
import { join } from "node:path";
import { installAgents } from "../../src/agents/install.ts";

const KEPT = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "harnessd-agents");

/** Called by vitest as a global set-up; the tests read the directory from the environment that it leaves. */
export async function setup(): Promise<void> {
  const agentsDir = process.env["HARNESSD_AGENTS_DIR"] ?? KEPT;
  process.env["HARNESSD_AGENTS_DIR"] = agentsDir;
  const results = await installAgents([], { agentsDir, env: process.env, signal: new AbortController().signal });
  const missing = results.flatMap((result) => (result.ready ? [] : [`${result.name}: ${result.reason}`]));
  if (missing.length > 0) throw new Error(`The agents' programs cannot be installed: ${missing.join("; ")}`);
}
