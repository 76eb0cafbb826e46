import { conformanceSuite } from "./conformance.ts";

conformanceSuite("opencode", {
  models: ["anthropic/claude-sonnet-5-5", "openai/gpt-5.5", "openrouter/scripted-model"],
  tools: { shell: "bash" },
  options: { maxRetries: 1 },
  isProgram: true,
});
