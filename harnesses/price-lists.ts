// Prices of models, as their makers list them, with the day and the place.

/** US dollars per million tokens. */
export interface ModelPrice {
  /** With its provider; a dated snapshot of it costs the same. */
  readonly model: string;
  readonly input: number;
  readonly output: number;
  readonly cachedInput: number;
  /** For five minutes at Anthropic, the default time at OpenAI. */
  readonly cacheWrite: number;
  /** Requests with more input than that cost more, as a whole. */
  readonly long?: {
    readonly aboveInputTokens: number;
    readonly inputFactor: number;
    readonly outputFactor: number;
  };
}

export interface PriceList {
  /** The day for which the prices were last seen confirmed. */
  readonly takenOn: string;
  readonly source: string;
  readonly prices: readonly ModelPrice[];
}

type Row = readonly [
  model: string,
  input: number,
  output: number,
  cachedInput: number,
  cacheWrite: number,
];

const anthropicRows: readonly Row[] = [
  ["claude-fable-5-1", 10, 50, 0.25, 12.5],
  ["claude-mythos-5-1", 10, 50, 0.25, 12.5],
  ["claude-fable-5", 10, 50, 1, 12.5],
  ["claude-mythos-5", 10, 50, 1, 12.5],
  ["claude-opus-5-5", 4, 20, 0.2, 5],
  ["claude-opus-5", 5, 25, 0.5, 6.25],
  ["claude-opus-4-8", 5, 25, 0.5, 6.25],
  ["claude-opus-4-7", 5, 25, 0.5, 6.25],
  ["claude-opus-4-6", 5, 25, 0.5, 6.25],
  ["claude-opus-4-5", 5, 25, 0.5, 6.25],
  ["claude-sonnet-5-5", 2, 10, 0.1, 2.5],
  ["claude-sonnet-5", 2, 10, 0.2, 2.5],
  ["claude-sonnet-4-6", 3, 15, 0.3, 3.75],
  ["claude-sonnet-4-5", 3, 15, 0.3, 3.75],
  ["claude-haiku-4-5", 1, 5, 0.1, 1.25],
];

const openaiRows: readonly Row[] = [
  ["gpt-6-astra", 10, 50, 1, 12.5],
  ["gpt-6.1-sol", 2, 10, 0.1, 2.5],
  ["gpt-6-sol", 2, 10, 0.2, 2.5],
  ["gpt-6-luna", 0.1, 0.5, 0.01, 0.125],
  ["gpt-5.6-sol", 4, 20, 0.4, 5],
  ["gpt-5.6-terra", 2, 12, 0.2, 2.5],
  ["gpt-5.6-luna", 0.2, 1.2, 0.02, 0.25],
  ["gpt-5.5", 5, 30, 0.5, 5],
  ["gpt-5.4", 2.5, 15, 0.25, 2.5],
];

/** Read off the makers' own pages, where these are newer than the published list: they win over it. */
export const ownPriceLists: readonly PriceList[] = [
  {
    takenOn: "2026-10-24",
    source: "https://platform.claude.com/docs/en/about-claude/pricing",
    prices: [
      ...anthropicRows.map((row) => priceOf("anthropic", row)),
      priceOf("anthropic", ["claude-haiku-5-5", 0.1, 0.5, 0.01, 0.125], {
        aboveInputTokens: 100_000,
        inputFactor: 5,
        outputFactor: 5,
      }),
    ],
  },
  {
    takenOn: "2026-10-01",
    source: "https://developers.openai.com/api/docs/pricing",
    prices: [
      ...openaiRows.map((row) =>
        priceOf("openai", row, { aboveInputTokens: 272_000, inputFactor: 2, outputFactor: 1.5 }),
      ),
      priceOf("openai", ["gpt-5.4-mini", 0.75, 4.5, 0.075, 0.75]),
    ],
  },
];

function priceOf(
  provider: string,
  [model, input, output, cachedInput, cacheWrite]: Row,
  long?: ModelPrice["long"],
): ModelPrice {
  return {
    model: `${provider}/${model}`,
    input,
    output,
    cachedInput,
    cacheWrite,
    ...(long && { long }),
  };
}
