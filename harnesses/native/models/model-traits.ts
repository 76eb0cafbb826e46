// What is known of models by name: how much they hold, how much they say, how they take thinking. Unknown ones get careful defaults.

export interface ModelTraits {
  /** Input tokens that fit. */
  readonly contextTokens: number;
  /** Most tokens of one reply that we ask for. */
  readonly maxOutputTokens: number;
  /** `adaptive`: by effort; `budget`: by a number of tokens, only when an effort is asked for; `none`: do not mention it. */
  readonly thinking: "adaptive" | "budget" | "none";
}

const UNKNOWN: ModelTraits = { contextTokens: 128_000, maxOutputTokens: 8_192, thinking: "none" };

/** First match wins. Names are without the provider's own prefix, so that gateways' `anthropic/claude-…` match too. */
const table: readonly (readonly [RegExp, ModelTraits])[] = [
  [
    /claude-(opus|sonnet|haiku|fable|mythos)-5/,
    { contextTokens: 1_000_000, maxOutputTokens: 64_000, thinking: "adaptive" },
  ],
  [
    /claude-(opus-4[-.][678]|sonnet-4[-.]6|mythos)/,
    { contextTokens: 1_000_000, maxOutputTokens: 32_000, thinking: "adaptive" },
  ],
  [
    /claude-(opus|sonnet|haiku)-4/,
    { contextTokens: 200_000, maxOutputTokens: 32_000, thinking: "budget" },
  ],
  [/claude/, { contextTokens: 200_000, maxOutputTokens: 8_192, thinking: "none" }],
  [
    /gpt-(5\.[4-9](?!-(mini|nano))|[6-9])/,
    { contextTokens: 922_000, maxOutputTokens: 64_000, thinking: "adaptive" },
  ],
  [/gpt-5.*chat/, { contextTokens: 128_000, maxOutputTokens: 16_000, thinking: "none" }],
  [/gpt-5|codex/, { contextTokens: 272_000, maxOutputTokens: 64_000, thinking: "adaptive" }],
  [/gpt-4\.1/, { contextTokens: 1_000_000, maxOutputTokens: 32_000, thinking: "none" }],
  [/(^|\/)o[134]/, { contextTokens: 200_000, maxOutputTokens: 64_000, thinking: "adaptive" }],
];

export function traitsOf(model: string): ModelTraits {
  return table.find(([pattern]) => pattern.test(model))?.[1] ?? UNKNOWN;
}
