// Sums of tokens and cost, and the arithmetic on them.
import type { UsageEvent } from "../../../harnesses/events.ts";

/** The sums that tokens and cost are made of. */
export interface Totals {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  costUsd: number | null;
}

export const TOKEN_FIELDS = [
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
] as const;

export type Tokens = Omit<Totals, "costUsd">;

export const NO_TOKENS: Tokens = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
export const NOTHING: Totals = { ...NO_TOKENS, costUsd: 0 };

/** Less is what is left of two sums that are the same. */
export const LEAST_COST_USD = 1e-9;

/** Null is more than any sum: the cost is not known. */
export function addTo(sums: Totals, amount: Totals): void {
  for (const field of TOKEN_FIELDS) sums[field] += amount[field];
  sums.costUsd =
    amount.costUsd === null || sums.costUsd === null ? null : sums.costUsd + amount.costUsd;
}

export function isNothing(tokens: Tokens): boolean {
  return TOKEN_FIELDS.every((field) => tokens[field] === 0);
}

/** True when the one speaks of no more than the other. */
export function isCovered(one: Tokens, other: Tokens): boolean {
  return one.inputTokens <= other.inputTokens && one.outputTokens <= other.outputTokens;
}

export function tokensOf({ inputTokens, outputTokens }: Tokens): number {
  return inputTokens + outputTokens;
}

export function totalsOf(event: UsageEvent): Totals {
  const {
    inputTokens,
    outputTokens,
    cachedInputTokens = 0,
    cacheWriteTokens = 0,
    reasoningTokens = 0,
    costUsd,
  } = event;
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens,
    costUsd,
  };
}
