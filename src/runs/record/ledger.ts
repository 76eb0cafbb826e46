// What a run has used: usage events summed, session totals turned into differences, limits watched.
import type { UsageEvent } from "../../../harnesses/events.ts";
import type { RunLimits } from "../../../harnesses/harness.ts";
import { costOf } from "../../../harnesses/prices.ts";
import type { ResourceUse } from "../../../tools/process.ts";
import type { EventOf, RunUsage } from "../../wire/events.ts";
import type { TokenUse } from "../../models/usage-meter.ts";

/** The sums that tokens and cost are made of. */
export interface Totals {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  costUsd: number | null;
}

const TOKEN_FIELDS = [
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
] as const;

const NOTHING: Totals = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: 0,
};

export interface Exhaustion {
  readonly limit: "max_turns" | "max_tokens" | "max_cost";
  readonly message: string;
}

export class Ledger {
  readonly #used: Totals = { ...NOTHING };
  readonly #bases = new Set<"reported" | "computed">();
  /** The last session totals seen, by model: what the next difference is taken from. */
  readonly #sessionTotals: Map<string, Totals>;
  readonly #seen: Totals = { ...NOTHING };
  #seenModel: string | null = null;
  /** What is certain, though the price of some calls may not be known. */
  #leastCostUsd = 0;
  readonly #seenBases = new Set<"reported" | "computed">();
  #turns = 0;
  #calls = 0;

  /** `sessionTotals` are those at the end of the session's previous run; empty for a new session. */
  constructor(sessionTotals: Readonly<Record<string, Totals>> = {}) {
    this.#sessionTotals = new Map(Object.entries(sessionTotals));
  }

  countTurn(): void {
    this.#turns++;
  }

  get turns(): number {
    return this.#turns;
  }

  add(event: UsageEvent): void {
    const said = totalsOf(event);
    const amount = event.scope === "session" ? this.#sinceLast(event.model ?? "", said) : said;
    for (const field of TOKEN_FIELDS) this.#used[field] += amount[field];
    this.#used.costUsd =
      amount.costUsd === null || this.#used.costUsd === null
        ? null
        : this.#used.costUsd + amount.costUsd;
    this.#leastCostUsd += amount.costUsd ?? 0;
    if (event.costBasis !== null) this.#bases.add(event.costBasis);
    this.#calls++;
  }

  /** What the model gateway has read in an answer that passed through it: the limits hold even for a harness that reports late, or nothing. */
  addSeen(use: TokenUse): void {
    for (const field of TOKEN_FIELDS) this.#seen[field] += use[field];
    const cost = use.reportedCostUsd ?? (use.model === null ? null : costOf(use.model, use));
    this.#seen.costUsd =
      cost === null || this.#seen.costUsd === null ? null : this.#seen.costUsd + cost;
    this.#seenModel = use.model ?? this.#seenModel;
    this.#seenBases.add(use.reportedCostUsd === null ? "computed" : "reported");
  }

  /** What was seen and not reported: of a harness that reports nothing, or of a call that was cut off. Null when all was reported. */
  unreported(): EventOf<"usage"> | null {
    const tokens = { ...NOTHING };
    for (const field of TOKEN_FIELDS)
      tokens[field] = Math.max(0, this.#seen[field] - this.#used[field]);
    if (tokensOf(tokens) === 0) return null;
    const model = this.#seenModel;
    const [basis, other] = this.#calls === 0 ? this.#seenBases : [];
    const isReported = basis === "reported" && other === undefined;
    const priced = model === null ? null : costOf(model, tokens);
    const costUsd = this.#calls === 0 ? this.#seen.costUsd : priced;
    const costBasis = costUsd === null ? null : isReported ? "reported" : "computed";
    return { type: "usage", scope: "call", model, ...tokens, costUsd, costBasis };
  }

  /** Neither the harness nor the gateway knows of any use: what a hollow completion looks like. */
  get isEmpty(): boolean {
    return tokensOf(this.#used) + tokensOf(this.#seen) === 0;
  }

  /** False once something was used whose price neither the harness nor the gateway knows: then a limit on cost does not hold. */
  get costIsKnown(): boolean {
    const isSeen = tokensOf(this.#seen) > 0 && this.#seen.costUsd !== null;
    return this.#used.costUsd !== null || isSeen;
  }

  /** What the next run of the session must know. */
  get sessionTotals(): Record<string, Totals> {
    return Object.fromEntries(this.#sessionTotals);
  }

  /** The limit that has been passed, if any. */
  exhausted({ maxTurns, maxTokens, maxCostUsd }: RunLimits): Exhaustion | null {
    const tokens = Math.max(tokensOf(this.#used), tokensOf(this.#seen));
    const cost = Math.max(this.#leastCostUsd, this.#seen.costUsd ?? 0);
    if (maxTurns !== undefined && this.#turns > maxTurns)
      return { limit: "max_turns", message: `The run has taken more than ${maxTurns} turns` };
    if (maxTokens !== undefined && tokens > maxTokens)
      return { limit: "max_tokens", message: `The run has used ${tokens} tokens of ${maxTokens}` };
    if (maxCostUsd !== undefined && cost > maxCostUsd)
      return {
        limit: "max_cost",
        message: `The run has cost $${cost.toFixed(4)} of $${maxCostUsd}`,
      };
    return null;
  }

  /** The run's usage as events and results carry it. A cost that the harness does not report is told as the gateway has seen it. */
  usage(resources: ResourceUse): RunUsage {
    const reported = this.#calls === 0 ? null : this.#used.costUsd;
    const [costUsd, bases] =
      reported === null ? [this.#seen.costUsd, this.#seenBases] : [reported, this.#bases];
    const [basis, other] = [...bases];
    const isKnown = costUsd !== null && basis !== undefined;
    return {
      turns: this.#turns,
      ...this.#used,
      costUsd: isKnown ? costUsd : null,
      costBasis: isKnown ? (other ? "mixed" : basis) : null,
      ...resources,
    };
  }

  #sinceLast(model: string, now: Totals): Totals {
    const last = this.#sessionTotals.get(model);
    this.#sessionTotals.set(model, now);
    if (
      last === undefined ||
      now.inputTokens + now.outputTokens < last.inputTokens + last.outputTokens
    )
      return now; // the program began to count anew
    const amount = {
      ...now,
      costUsd: now.costUsd === null ? null : Math.max(0, now.costUsd - (last.costUsd ?? 0)),
    };
    for (const field of TOKEN_FIELDS) amount[field] = Math.max(0, now[field] - last[field]);
    return amount;
  }
}

function tokensOf({ inputTokens, outputTokens }: Totals): number {
  return inputTokens + outputTokens;
}

function totalsOf(event: UsageEvent): Totals {
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

/** What the run's own processes took, and what the session's warm program took meanwhile. */
export function addUse(
  run: ResourceUse,
  session: ResourceUse,
  sessionBefore: ResourceUse,
): ResourceUse {
  const ofSession = session.cpuMs === null ? null : session.cpuMs - (sessionBefore.cpuMs ?? 0);
  const cpuMs =
    run.cpuMs === null && ofSession === null ? null : (run.cpuMs ?? 0) + (ofSession ?? 0);
  const peaks = [run.peakMemoryBytes, session.peakMemoryBytes].filter((each) => each !== null);
  return { cpuMs, peakMemoryBytes: peaks.length === 0 ? null : Math.max(...peaks) };
}
