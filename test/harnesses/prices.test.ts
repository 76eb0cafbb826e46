// What a call cost, by the price lists.
import { expect, test } from "vitest";
import { costOf, findPrice, priceLists } from "../../harnesses/prices.ts";

const usage = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0 };

test("fresh, cached and written input and output each have their price", () => {
  const cost = costOf("anthropic/claude-opus-5-5", {
    inputTokens: 100_000,
    cachedInputTokens: 50_000,
    cacheWriteTokens: 20_000,
    outputTokens: 10_000,
  });
  expect(cost).toBeCloseTo((30_000 * 4 + 50_000 * 0.2 + 20_000 * 5 + 10_000 * 20) / 1e6, 10);
});

test("a long request costs more as a whole", () => {
  expect(
    costOf("openai/gpt-6-sol", { ...usage, inputTokens: 272_000, outputTokens: 1000 }),
  ).toBeCloseTo(0.554, 10);
  expect(
    costOf("openai/gpt-6-sol", { ...usage, inputTokens: 272_001, outputTokens: 1000 }),
  ).toBeCloseTo(1.103004, 10);
});

test("a dated snapshot costs as its model, and the longest name wins", () => {
  expect(findPrice("anthropic/claude-opus-4-5-20251101")?.model).toBe("anthropic/claude-opus-4-5");
  expect(findPrice("anthropic/claude-opus-5-5")?.model).toBe("anthropic/claude-opus-5-5");
  expect(findPrice("openai/gpt-5.4-mini-2026-03-17")?.model).toBe("openai/gpt-5.4-mini");
});

test.each([
  "openai/gpt-5.4-other",
  "openai/gpt-9",
  "anthropic/claude-opus-5-9",
  "openrouter/anthropic/claude-opus-5-5",
  "vllm/gpt-6-sol",
  "",
])("%s has no price rather than another model's", (model) => {
  expect(costOf(model, { ...usage, inputTokens: 1000 })).toBeNull();
});

test("every list says when and where it was taken, and lists a model once", () => {
  for (const { takenOn, source } of priceLists) {
    expect(takenOn).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(source).toMatch(/^https:/);
  }
  const models = priceLists.flatMap(({ prices }) => prices.map(({ model }) => model));
  expect(new Set(models).size).toBe(models.length);
});

test.each([
  ["openai/gpt-5-mini", 0.25, 2, 0.025],
  ["openai/gpt-4.1", 2, 8, 0.5],
  ["openai/o3-mini-2025-01-31", 1.1, 4.4, 0.55],
  ["anthropic/claude-opus-4-1-20250805", 15, 75, 1.5],
])("%s has its published price", (model, input, output, cachedInput) => {
  expect(findPrice(model)).toMatchObject({ input, output, cachedInput });
});

test("every price is an amount of dollars, and what is cached costs no more than what is fresh", () => {
  for (const { input, output, cachedInput, cacheWrite } of priceLists.flatMap((l) => l.prices)) {
    for (const amount of [input, output, cachedInput, cacheWrite])
      expect(amount).toBeGreaterThan(0);
    expect(cachedInput).toBeLessThanOrEqual(input);
  }
});
