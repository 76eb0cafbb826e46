// Reads from an answer of a model's server, as it passes through, how many tokens it took: streamed or whole, in any dialect.
import { StringDecoder } from "node:string_decoder";

export interface TokenUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
}

/** A whole answer or one line of a stream that is longer is passed on, but not read. */
const MAX_READ_CHARACTERS = 4 * 1024 * 1024;

/** Reads the bytes of one answer; `end` says what they told. */
export class UsageMeter {
  readonly #isStream: boolean;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #use: TokenUse | null = null;

  constructor(contentType: string) {
    this.#isStream = contentType.includes("text/event-stream");
  }

  read(bytes: Buffer): void {
    this.#rest += this.#decoder.write(bytes);
    if (this.#isStream) this.#readLines();
    if (this.#rest.length > MAX_READ_CHARACTERS) this.#rest = "";
  }

  /** Null when the answer said nothing of its use. */
  end(): TokenUse | null {
    this.#readJson(this.#isStream ? this.#rest.replace(/^data:/, "") : this.#rest);
    return this.#use;
  }

  #readLines(): void {
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      // Most lines are deltas; only the few that speak of usage are parsed.
      if (line.startsWith("data:") && line.includes('"usage"')) this.#readJson(line.slice("data:".length));
    }
  }

  #readJson(text: string): void {
    const usage = usageIn(parse(text));
    if (usage) this.#use = merge(this.#use, readUsage(usage));
  }
}

type Numbers = Readonly<Record<string, unknown>>;

/** In the answer itself, or in what a stream wraps it in: Anthropic's `message`, OpenAI's `response`. */
function usageIn(answer: unknown): Numbers | null {
  if (typeof answer !== "object" || answer === null) return null;
  const { usage, message, response } = answer as Record<string, unknown>;
  if (typeof usage === "object" && usage !== null) return usage as Numbers;
  return usageIn(message ?? response);
}

/** The names tell the dialects apart; each names the same thing in its own way, and only OpenAI's sums hold cached tokens already. */
function readUsage(usage: Numbers): TokenUse {
  const ofAnthropic = numberOf(usage["cache_read_input_tokens"]);
  const details = (usage["input_tokens_details"] ?? usage["prompt_tokens_details"]) as Numbers | undefined;
  const inputTokens =
    numberOf(usage["input_tokens"] ?? usage["prompt_tokens"]) + ofAnthropic + numberOf(usage["cache_creation_input_tokens"]);
  const outputTokens = numberOf(usage["output_tokens"] ?? usage["completion_tokens"]);
  return { inputTokens, outputTokens, cachedInputTokens: ofAnthropic + numberOf(details?.["cached_tokens"]) };
}

/** A stream tells its use in parts, each a sum so far; the largest counts. */
function merge(one: TokenUse | null, other: TokenUse): TokenUse {
  return {
    inputTokens: Math.max(one?.inputTokens ?? 0, other.inputTokens),
    outputTokens: Math.max(one?.outputTokens ?? 0, other.outputTokens),
    cachedInputTokens: Math.max(one?.cachedInputTokens ?? 0, other.cachedInputTokens),
  };
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
