import { conformanceSuite } from "./conformance.ts";

conformanceSuite("native", {
  dialect: "chat",
  models: ["openrouter/anthropic/claude-sonnet-5.5"],
  tools: { shell: "shell_exec" },
  options: { maxAttempts: 2, retryDelayMs: 50 },
});
