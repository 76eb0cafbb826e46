// What model calls have used, so that what a run reports adds up to what the program charges for it.
import type { HarnessEvent, UsageEvent } from "../events.ts";
import type { ApiUsage, ResultLine } from "./line.ts";

export interface Tokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

export const NO_TOKENS: Tokens = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
const FIELDS = Object.keys(NO_TOKENS) as (keyof Tokens)[];

export function tokensOf(usage: ApiUsage): Tokens {
  const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens } =
    usage;
  return {
    inputTokens: input_tokens + cache_creation_input_tokens + cache_read_input_tokens,
    outputTokens: output_tokens,
    cachedInputTokens: cache_read_input_tokens,
    cacheWriteTokens: cache_creation_input_tokens,
    reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  };
}

export function addTokens(left: Tokens, right: Tokens): Tokens {
  return combine(left, right, (one, other) => one + other);
}

/** One answered call. Its price comes with the result (`settle`), so it adds nothing to the cost here. */
export function usageOfCall(model: string, tokens: Tokens): UsageEvent {
  return { type: "usage", scope: "call", model, ...tokens, costUsd: 0, costBasis: null };
}

/**
 * What the result says beyond the calls already told: the cost, and calls that are not in the stream (sub-agents, summaries).
 * The program's own totals grow over the whole session, resumed ones too; this part of the result is since the last one.
 */
export function settle(result: ResultLine, counted: Tokens): HarnessEvent[] {
  const models = Object.entries(result.model_usage_since_last_result ?? {});
  if (models.length === 0) return [];
  const total = models.map(([, used]) => tokensOfModel(used)).reduce(addTokens);
  const isPriced = models.every(([, used]) => used.costBasis !== "unknown");
  const costUsd = isPriced ? models.reduce((sum, [, used]) => sum + used.costUSD, 0) : null;
  const rest = combine(total, counted, (all, told) => Math.max(0, all - told));
  const model = models.length === 1 ? (models[0]?.[0] ?? null) : null;
  return [
    {
      type: "usage",
      scope: "call",
      model,
      ...rest,
      costUsd,
      costBasis: isPriced ? "reported" : null,
    },
  ];
}

/** A turn that ended without a result: what it has cost is not known. */
export function unsettled(counted: Tokens): HarnessEvent[] {
  const usedNothing = FIELDS.every((field) => counted[field] === 0);
  return usedNothing
    ? []
    : [{ type: "usage", scope: "call", model: null, ...NO_TOKENS, costUsd: null, costBasis: null }];
}

type ModelUsage = NonNullable<ResultLine["model_usage_since_last_result"]>[string];

function tokensOfModel(used: ModelUsage): Tokens {
  return {
    inputTokens: used.inputTokens + used.cacheReadInputTokens + used.cacheCreationInputTokens,
    outputTokens: used.outputTokens,
    cachedInputTokens: used.cacheReadInputTokens,
    cacheWriteTokens: used.cacheCreationInputTokens,
    reasoningTokens: used.thinkingTokens,
  };
}

function combine(
  left: Tokens,
  right: Tokens,
  how: (left: number, right: number) => number,
): Tokens {
  return Object.fromEntries(
    FIELDS.map((field) => [field, how(left[field], right[field])]),
  ) as unknown as Tokens;
}
