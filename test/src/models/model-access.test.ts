// Where runs reach their models: which provider, in which dialect, at which address, with whose key.
import type { CodedError } from "../../../tools/coded-error.ts";
import { expect, test } from "vitest";
import { harnesses } from "../../../harnesses/index.ts";
import type { ModelDialect } from "../../../harnesses/providers.ts";
import { resolveModelAccess, type ModelWish } from "../../../src/models/model-access.ts";

const KEYS = Object.fromEntries(
  ["anthropic", "openai", "openrouter", "vercel"].map((name) => [
    name,
    { apiKey: `key-of-${name}` },
  ]),
);

function access(model: string, dialect?: ModelDialect) {
  return resolveModelAccess({ model, ...(dialect && { dialects: [dialect] }) }, {}, KEYS);
}

function refusal(wish: ModelWish, settings = KEYS): CodedError {
  try {
    resolveModelAccess(wish, {}, settings);
  } catch (error) {
    return error as CodedError;
  }
  throw new Error("It was not refused");
}

test.for([
  ["anthropic/m", undefined, "anthropic-messages", "https://api.anthropic.com"],
  ["openai/m", undefined, "openai-responses", "https://api.openai.com/v1"],
  ["openai/m", "openai-chat", "openai-chat", "https://api.openai.com/v1"],
  ["openrouter/a/b", undefined, "openai-chat", "https://openrouter.ai/api/v1"],
  ["openrouter/a/b", "openai-responses", "openai-responses", "https://openrouter.ai/api/v1"],
  ["openrouter/a/b", "anthropic-messages", "anthropic-messages", "https://openrouter.ai/api"],
  ["vercel/a/b", "anthropic-messages", "anthropic-messages", "https://ai-gateway.vercel.sh"],
  ["vercel/a/b", "openai-responses", "openai-responses", "https://ai-gateway.vercel.sh/v1"],
  ["ollama/m", "anthropic-messages", "anthropic-messages", "http://127.0.0.1:11434"],
  ["vllm/m", "openai-responses", "openai-responses", "http://127.0.0.1:8000/v1"],
] as const)("%s asked for in %s is reached in %s at %s", ([model, wanted, dialect, baseUrl]) => {
  expect(access(model, wanted)).toMatchObject({
    dialect,
    baseUrl,
    model: model.slice(model.indexOf("/") + 1),
  });
});

test("a base URL of one's own is turned into the form of the dialect, and left alone in the provider's own", () => {
  const settings = {
    openrouter: { apiKey: "k", baseUrl: "http://proxy/or/v1/" },
    anthropic: { apiKey: "k", baseUrl: "http://proxy/v1" },
  };
  const at = (model: string, dialect: ModelDialect) =>
    resolveModelAccess({ model, dialects: [dialect] }, settings, {}).baseUrl;
  expect(at("openrouter/m", "openai-chat")).toBe("http://proxy/or/v1");
  expect(at("openrouter/m", "anthropic-messages")).toBe("http://proxy/or");
  expect(at("anthropic/m", "anthropic-messages")).toBe("http://proxy/v1");
});

test("a run's own key and address win over the daemon's", () => {
  const mine = { openai: { apiKey: "mine" } };
  const ofDaemon = { openai: { apiKey: "theirs", baseUrl: "http://theirs/v1" } };
  expect(resolveModelAccess({ model: "openai/m" }, mine, ofDaemon)).toMatchObject({
    apiKey: "mine",
    baseUrl: "http://theirs/v1",
  });
});

test("a dialect that the provider does not serve is refused by name, with what it serves and who serves the other", () => {
  const error = refusal({ model: "anthropic/m", dialects: ["openai-responses"] });
  expect(error).toMatchObject({
    code: "dialect_not_served",
    data: {
      serves: ["anthropic-messages"],
      wanted: ["openai-responses"],
      providers: expect.arrayContaining(["openai", "openrouter"]),
    },
  });
  expect(error.message).toMatch(
    /anthropic serves anthropic-messages, and openai-responses is wanted/,
  );
});

test("an unknown provider and a missing key are refused by name, with what to do", () => {
  expect(refusal({ model: "gpt-6" })).toMatchObject({
    code: "unknown_provider",
    message: expect.stringContaining("openrouter/…"),
  });
  expect(refusal({ model: "openai/gpt-6" }, {})).toMatchObject({
    code: "missing_credential",
    message: expect.stringContaining("OPENAI_API_KEY"),
  });
});

test("every agent can be used with the gateways of several models' makers", () => {
  for (const { dialects } of harnesses) {
    for (const model of ["openrouter/a/b", "vercel/a/b"])
      expect(resolveModelAccess({ model, dialects }, {}, KEYS)).toBeDefined();
  }
});
