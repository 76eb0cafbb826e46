import { conformanceSuite } from "./conformance.ts";

conformanceSuite("native", {
  dialect: "responses",
  models: ["openai/gpt-5.5"],
  tools: { shell: "shell_exec" },
  options: { maxAttempts: 2, retryDelayMs: 50 },
});
