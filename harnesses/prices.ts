// What a model call cost by the price lists, so that a run's cost can be computed where the server does not report it.
import { type ModelPrice, ownPriceLists, type PriceList } from "./price-lists.ts";
import { publishedPrices } from "./published-prices.ts";

/** The first list that has a model counts. Models that none has have no computed cost. */
export const priceLists: readonly PriceList[] = [...ownPriceLists, publishedPrices];

/** After a known name: a snapshot's date, `-latest`, or a context tag. Any other ending is another model, at another price. */
const SAME_MODEL_ENDING = /^([-@]\d{4}-?\d{2}-?\d{2}|-latest|\[1m\])?$/;

/** The price of a model named with its provider: the longest listed name that it begins with. */
export function findPrice(model: string): ModelPrice | null {
  const matches = priceLists
    .flatMap(({ prices }) => prices)
    .filter((price) => isSameModel(model, price.model));
  return matches.sort((one, other) => other.model.length - one.model.length)[0] ?? null;
}

function isSameModel(model: string, listed: string): boolean {
  return model.startsWith(listed) && SAME_MODEL_ENDING.test(model.slice(listed.length));
}

export interface PricedUsage {
  /** Cached and cache-written ones included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
}

/** The cost in US dollars of one request; null when the model has no listed price. */
export function costOf(model: string, usage: PricedUsage): number | null {
  const price = findPrice(model);
  if (price === null) return null;
  const isLong = price.long !== undefined && usage.inputTokens > price.long.aboveInputTokens;
  const fresh = Math.max(0, usage.inputTokens - usage.cachedInputTokens - usage.cacheWriteTokens);
  const input =
    fresh * price.input +
    usage.cachedInputTokens * price.cachedInput +
    usage.cacheWriteTokens * price.cacheWrite;
  const factors = isLong && price.long ? price.long : { inputFactor: 1, outputFactor: 1 };
  return (
    (input * factors.inputFactor + usage.outputTokens * price.output * factors.outputFactor) /
    1_000_000
  );
}
