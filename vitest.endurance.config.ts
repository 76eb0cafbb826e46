import { defineConfig } from "vitest/config";

/** What the runtime promises, shown on the real daemon: broken lines, kill -9, floods, garbage, slow hosts. About four minutes. */
export default defineConfig({
  test: {
    include: ["test/endurance/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    maxWorkers: 2,
  },
});
