// Every agent on models of other makers' gateways, each in the dialect that it speaks.
import { afterEach, expect, test } from "vitest";
import { AgentBox, KEY } from "./conformance-box.ts";

let box: AgentBox | undefined;

afterEach(() => box?.close());

const PATHS = {
  native: "/v1/chat/completions",
  "claude-code": "/v1/messages",
  codex: "/v1/responses",
  opencode: "/v1/chat/completions",
};
const CASES = Object.entries(PATHS).flatMap(([harness, path]) =>
  ["openrouter", "vercel"].map((provider) => [harness, provider, path] as const),
);

test.for(CASES)(
  "%s works with a model of %s, by way of %s",
  { timeout: 120_000 },
  async ([harness, provider, path]) => {
    box = await AgentBox.open({ harness, model: `${provider}/maker/model-1`, options: {} });
    const { run, script } = await box.tell([
      { calls: [{ intent: "shell", command: "echo $((40 + 2))" }] },
      { text: "Forty-two." },
    ]);
    expect(run).toMatchObject({
      outcome: "completed",
      result: { text: "Forty-two." },
      usage: { inputTokens: 2400, outputTokens: 128 },
    });
    expect(script.asked.map((request) => request.path)).toEqual([path, path]);
    expect(script.asked[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(script.asked[0]?.asked?.model).toBe("maker/model-1");
  },
);
