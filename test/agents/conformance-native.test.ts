import { conformanceSuite } from "./conformance.ts";

conformanceSuite("native", {
  models: ["anthropic/claude-sonnet-5-5", "openai/gpt-5.5", "openrouter/scripted-model"],
  tools: { shell: "shell_exec" },
  options: { maxAttempts: 2, retryDelayMs: 50 },
});
