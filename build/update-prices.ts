// `npm run prices`: writes harnesses/published-prices.ts anew from @pydantic/genai-prices, a list that its makers keep up to date.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import { ownPriceLists, type ModelPrice } from "../harnesses/price-lists.ts";

const ROOT = resolve(import.meta.dirname, "..");
const OUTPUT = resolve(ROOT, "harnesses/published-prices.ts");
const NAME = "@pydantic/genai-prices";
const PACKAGE = resolve(ROOT, "node_modules", NAME, "package.json");
const PROVIDERS = ["anthropic", "openai"];
/** Models that no agent runs on. */
const UNWANTED =
  /audio|image|realtime|transcribe|tts|search|embedding|moderation|whisper|^ft:|oss|instruct|vision|davinci|babbage|curie|ada|\.ft-|:/;

type Amount = number | { base: number; tiers: readonly { start: number; price: number }[] };

const own = new Set(ownPriceLists.flatMap(({ prices }) => prices.map(({ model }) => model)));
const { version } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string };
const prices = PROVIDERS.flatMap((provider) =>
  (findProvider({ providerId: provider })?.models ?? [])
    .filter(({ id }) => !UNWANTED.test(id) && !own.has(`${provider}/${id}`))
    .flatMap(({ id }) => priceOf(provider, id) ?? []),
);
writeFileSync(OUTPUT, text(prices));
console.log(`${prices.length} prices of @pydantic/genai-prices ${version} in ${OUTPUT}`);

function priceOf(provider: string, id: string): ModelPrice | undefined {
  const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, id, { providerId: provider });
  if (found?.model.id !== id) return undefined;
  const { input_mtok, output_mtok, cache_read_mtok, cache_write_mtok } =
    found.model_price as Record<string, Amount | undefined>;
  if (input_mtok === undefined || output_mtok === undefined) return undefined;
  const [input, output] = [baseOf(input_mtok), baseOf(output_mtok)];
  return {
    model: `${provider}/${id}`,
    input,
    output,
    cachedInput: cache_read_mtok === undefined ? input : baseOf(cache_read_mtok),
    cacheWrite: cache_write_mtok === undefined ? input : baseOf(cache_write_mtok),
    ...longOf(input_mtok, output_mtok),
  };
}

function baseOf(amount: Amount): number {
  return typeof amount === "number" ? amount : amount.base;
}

function longOf(input: Amount, output: Amount): Pick<ModelPrice, "long"> {
  const tier = typeof input === "number" ? undefined : input.tiers[0];
  if (tier === undefined) return {};
  const above = typeof output === "number" ? output : (output.tiers[0]?.price ?? output.base);
  return {
    long: {
      aboveInputTokens: tier.start,
      inputFactor: tier.price / baseOf(input),
      outputFactor: above / baseOf(output),
    },
  };
}

function text(rows: readonly ModelPrice[]): string {
  return `// Published prices, written by \`npm run prices\`; not to be edited by hand.
import type { PriceList } from "./price-lists.ts";

export const publishedPrices: PriceList = {
  takenOn: "${publicationDay()}",
  source: "https://www.npmjs.com/package/@pydantic/genai-prices/v/${version}",
  prices: [
${rows.map((row) => `    ${JSON.stringify(row)},`).join("\n")}
  ],
};
`;
}

function publicationDay(): string {
  const times = execFileSync("npm", ["view", NAME, "time", "--json"], { encoding: "utf8" });
  return (JSON.parse(times) as Record<string, string>)[version]?.slice(0, 10) ?? "unknown";
}
