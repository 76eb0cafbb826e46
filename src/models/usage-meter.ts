// Reads from an answer of a model's server, as it passes through, what it cost and whether it went wrong or was refused: streamed or whole, in any dialect.
import { StringDecoder } from "node:string_decoder";
import { headOf } from "../../tools/machinery/text/cut.ts";

/** What one answer took, in the server's own words. */
export interface TokenUse {
  /** As the server names it; null when it did not. */
  readonly model: string | null;
  /** Cached and cache-written ones included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  /** In US dollars, where the server says it. */
  readonly reportedCostUsd: number | null;
}

/** A whole answer or one line of a stream that is longer is passed on, but not read. */
const MAX_READ_CHARACTERS = 4 * 1024 * 1024;

/** Most lines of a stream are deltas; only the few that may speak of use, failure or refusal are parsed. */
const TELLING = /"(?:usage|error)"|"refusal": ?"|"stop_reason": ?"refusal"/;

/** Reads the bytes of one answer; `end` says what they told. */
export class UsageMeter {
  readonly #isStream: boolean;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #isTooLong = false;
  #model: string | null = null;
  #use: TokenUse | null = null;
  #error: string | null = null;
  #refusal: string | null = null;

  constructor(contentType: string) {
    this.#isStream = contentType.includes("text/event-stream");
  }

  read(bytes: Buffer): void {
    const text = this.#decoder.write(bytes);
    const [first, last] = this.#isStream ? [text.indexOf("\n"), text.lastIndexOf("\n")] : [-1, -1];
    if (first < 0) return this.#keep(text);
    this.#keep(text.slice(0, first));
    this.#readLines();
    this.#keep(text.slice(first + 1, last));
    this.#readLines();
    this.#keep(text.slice(last + 1));
  }

  /** Null when the answer said nothing of its use. */
  end(): TokenUse | null {
    if (this.#isStream) this.#readLines();
    else if (!this.#isTooLong) this.#readAnswer(this.#rest);
    return this.#use && { ...this.#use, model: this.#model };
  }

  /** What the answer itself says went wrong; complete after `end`. */
  get error(): string | null {
    return this.#error;
  }

  /** The model's own words where it refuses to answer, which may be none; null when it does not. Complete after `end`. */
  get refusal(): string | null {
    return this.#refusal;
  }

  #keep(text: string): void {
    this.#isTooLong ||= this.#rest.length + text.length > MAX_READ_CHARACTERS;
    this.#rest = this.#isTooLong ? "" : this.#rest + text;
  }

  #readLines(): void {
    for (const line of this.#rest.split("\n")) {
      if (line.startsWith("data:") && TELLING.test(line))
        this.#readAnswer(line.slice("data:".length));
    }
    this.#rest = "";
    this.#isTooLong = false;
  }

  #readAnswer(text: string): void {
    for (
      let answer = objectOf(parse(text)), depth = 0;
      answer && depth < 2;
      answer = wrappedIn(answer), depth++
    ) {
      if (typeof answer["model"] === "string") this.#model = answer["model"];
      if (answer["error"]) this.#error = errorOf(answer["error"]);
      this.#refusal = refusalIn(answer) ?? this.#refusal;
      const usage = objectOf(answer["usage"]);
      if (usage) this.#use = merge(this.#use, readUsage(usage));
    }
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** What a stream wraps an answer in: Anthropic's `message`, OpenAI's `response`. */
function wrappedIn({ message, response }: Fields): Fields | null {
  return objectOf(message) ?? objectOf(response);
}

/** The names tell the dialects apart; each names the same thing in its own way, and only OpenAI's sums hold cached tokens already. */
function readUsage(usage: Fields): TokenUse {
  const input = objectOf(usage["input_tokens_details"] ?? usage["prompt_tokens_details"]);
  const output = objectOf(usage["output_tokens_details"] ?? usage["completion_tokens_details"]);
  const [cacheRead, cacheWritten] = [
    countOf(usage["cache_read_input_tokens"]),
    countOf(usage["cache_creation_input_tokens"]),
  ];
  return {
    model: null,
    inputTokens:
      countOf(usage["input_tokens"] ?? usage["prompt_tokens"]) + cacheRead + cacheWritten,
    outputTokens: countOf(usage["output_tokens"] ?? usage["completion_tokens"]),
    cachedInputTokens: cacheRead + countOf(input?.["cached_tokens"]),
    cacheWriteTokens: cacheWritten + countOf(input?.["cache_write_tokens"]),
    reasoningTokens: countOf(output?.["reasoning_tokens"] ?? output?.["thinking_tokens"]),
    reportedCostUsd: typeof usage["cost"] === "number" ? usage["cost"] : null,
  };
}

/** A stream tells its use in parts, each a sum so far; the largest counts. */
function merge(one: TokenUse | null, other: TokenUse): TokenUse {
  if (one === null) return other;
  const larger = (field: Exclude<keyof TokenUse, "model" | "reportedCostUsd">): number =>
    Math.max(one[field], other[field]);
  return {
    model: null,
    inputTokens: larger("inputTokens"),
    outputTokens: larger("outputTokens"),
    cachedInputTokens: larger("cachedInputTokens"),
    cacheWriteTokens: larger("cacheWriteTokens"),
    reasoningTokens: larger("reasoningTokens"),
    reportedCostUsd: other.reportedCostUsd ?? one.reportedCostUsd,
  };
}

/** A delta of a refusal is not all of it, but the last one that is seen is enough to know of it. */
function refusalIn(answer: Fields): string | null {
  const { delta, output, choices } = answer;
  const isStopped = [answer, objectOf(delta)].some((each) => each?.["stop_reason"] === "refusal");
  const parts = listOf(output).flatMap((item) => listOf(item["content"]));
  const messages = listOf(choices).map((choice) => objectOf(choice["message"] ?? choice["delta"]));
  const words = [...parts, ...messages]
    .map((each) => each?.["refusal"])
    .find((each) => typeof each === "string" && each !== "");
  return typeof words === "string" ? headOf(words, 500) : isStopped ? "" : null;
}

function errorOf(error: unknown): string {
  const message = objectOf(error)?.["message"] ?? error;
  return headOf(typeof message === "string" ? message : JSON.stringify(message), 500);
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.round(value)) : 0;
}

function objectOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(objectOf).filter((each) => each !== null) : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
