import { defineConfig } from "vitest/config";
import { AGENTS_DIR } from "./test/agents/table-agents.ts";
import { Table } from "./test/agents/table.ts";

/** The real agent programs against a scripted model, and the table of what each does. */
export default defineConfig({
  plugins: [
    {
      name: "table",
      // In the plugin and not in `reporters`, so that the table is printed beside whatever reporters a caller names.
      configureVitest: ({ vitest }) => void vitest.config.reporters.push(new Table()),
    },
  ],
  test: {
    include: ["test/agents/**/*.test.ts"],
    exclude: ["test/agents/soak.test.ts"],
    globalSetup: ["test/agents/table-agents.ts"],
    env: { HARNESSD_AGENTS_DIR: AGENTS_DIR },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    maxWorkers: 2,
    // Programs that are not ours, on a machine that others use too. What needs it is named after the table.
    retry: 1,
  },
});
