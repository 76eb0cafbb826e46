import { conformanceSuite } from "./conformance.ts";

conformanceSuite("claude-code", {
  models: ["anthropic/claude-opus-5-5", "openrouter/scripted-model"],
  tools: { shell: "Bash" },
  options: { maxRetries: 1 },
  isProgram: true,
  // After a cut it asks for the answer in one piece, and that request is reset.
  codes: { "a stream cut each time": "connection_failed" },
});
