import { conformanceSuite } from "./conformance.ts";

conformanceSuite("codex", {
  // Freeform patches; tools as functions in code; functions alone, and patches in the shell.
  models: ["openai/gpt-5.5", "openai/gpt-6-sol", "openrouter/scripted-model"],
  tools: { shell: "exec_command" },
  options: { maxRetries: 1 },
  isProgram: true,
  readsByShell: true,
});
