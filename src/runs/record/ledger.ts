// What a run has used: usage events summed, session totals turned into differences, limits watched.
import type { UsageEvent } from "../../../harnesses/events.ts";
import type { RunLimits } from "../../../harnesses/harness.ts";
import { costOf } from "../../../harnesses/prices.ts";
import type { ResourceUse } from "../../../tools/process.ts";
import type { RunUsage } from "../../wire/events.ts";
import {
  addTo,
  isCovered,
  isNothing,
  LEAST_COST_USD,
  NO_TOKENS,
  NOTHING,
  TOKEN_FIELDS,
  type Tokens,
  tokensOf,
  type Totals,
  totalsOf,
} from "./totals.ts";
import type { TokenUse } from "../../models/usage-meter.ts";

export interface Exhaustion {
  readonly limit: "max_turns" | "max_tokens" | "max_cost";
  readonly message: string;
}

/**
 * Both the harness and the gateway speak of the same answers, in either order: each is charged with what it adds to what the other
 * has said. What is charged is a fact at once, so that after a crash the facts are the account.
 */
export class Ledger {
  /** What the facts add up to. */
  readonly #used: Totals = { ...NOTHING };
  readonly #bases = new Set<"reported" | "computed">();
  /** The last session totals seen, by model: what the next difference is taken from. */
  readonly #sessionTotals: Map<string, Totals>;
  /** What the harness has reported. */
  readonly #told: Totals = { ...NOTHING };
  readonly #toldBases = new Set<"reported" | "computed">();
  /** What the gateway has read in the answers that passed through it. */
  readonly #seen: Totals = { ...NOTHING };
  readonly #seenBases = new Set<"reported" | "computed">();
  /** What is certain, though the price of some calls may not be known. */
  #leastCostUsd = 0;
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

  /** Takes account of a fact as it is in the journal. */
  recall(fact: UsageEvent): void {
    this.#add(this.#amountOf(fact), fact.costBasis);
  }

  /** What a harness reports; returns the fact of it, which is null where the gateway has seen all of it before. */
  addTold(event: UsageEvent): UsageEvent | null {
    const amount = this.#amountOf(event);
    addTo(this.#told, amount);
    if (event.costBasis !== null) this.#toldBases.add(event.costBasis);
    const rest = this.#uncharged();
    const isPriced = tokensOf(this.#seen) > 0 && this.#seen.costUsd !== null;
    if (isPriced && isCovered(this.#told, this.#seen)) {
      if (isNothing(rest)) return null;
      return this.#charge({ ...event, scope: "call", ...rest, costUsd: 0, costBasis: null });
    }
    const isWhole = TOKEN_FIELDS.every((field) => rest[field] === amount[field]);
    const costUsd =
      isWhole || isNothing(rest) ? amount.costUsd : costOf(event.model ?? "", { ...rest });
    const costBasis = costUsd === null ? null : isWhole ? event.costBasis : "computed";
    return this.#charge({ ...event, scope: "call", ...rest, costUsd, costBasis });
  }

  /** What the gateway has read in an answer: a fact at once, since a harness may report late, or nothing. Null where the harness was first. */
  addSeen(use: TokenUse): UsageEvent | null {
    const { model, reportedCostUsd } = use;
    const cost = reportedCostUsd ?? (model === null ? null : costOf(model, use));
    const basis = reportedCostUsd === null ? "computed" : "reported";
    addTo(this.#seen, { ...use, costUsd: cost });
    this.#seenBases.add(basis);
    const rest = this.#uncharged();
    const costUsd =
      this.#seen.costUsd === null ? cost : Math.max(0, this.#seen.costUsd - this.#leastCostUsd);
    if (isNothing(rest) && (costUsd ?? 0) < LEAST_COST_USD) return null;
    const costBasis = costUsd === null ? null : basis;
    return this.#charge({ type: "usage", scope: "call", model, ...rest, costUsd, costBasis });
  }

  /** Neither the harness nor the gateway knows of any use: what a hollow completion looks like. */
  get isEmpty(): boolean {
    return tokensOf(this.#used) + tokensOf(this.#seen) === 0;
  }

  /** False once something was used whose price neither the harness nor the gateway knows: then a limit on cost does not hold. */
  get costIsKnown(): boolean {
    return this.#used.costUsd !== null || this.#cost().costUsd !== null;
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

  /** The run's usage as events and results carry it. */
  usage(resources: ResourceUse): RunUsage {
    const { costUsd, bases } = this.#cost();
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

  /** Where the facts do not know a price, one of the two that speak of them may know it all. */
  #cost(): { costUsd: number | null; bases: ReadonlySet<"reported" | "computed"> } {
    if (this.#calls > 0 && this.#used.costUsd !== null)
      return { costUsd: this.#used.costUsd, bases: this.#bases };
    if (this.#toldBases.size > 0 && this.#told.costUsd !== null)
      return { costUsd: this.#told.costUsd, bases: this.#toldBases };
    const isSeen = tokensOf(this.#seen) > 0;
    return { costUsd: isSeen ? this.#seen.costUsd : null, bases: this.#seenBases };
  }

  #amountOf(event: UsageEvent): Totals {
    const said = totalsOf(event);
    return event.scope === "session" ? this.#sinceLast(event.model ?? "", said) : said;
  }

  /** What the two have spoken of and no fact holds. */
  #uncharged(): Tokens {
    const rest: Tokens = { ...NO_TOKENS };
    for (const field of TOKEN_FIELDS)
      rest[field] = Math.max(0, Math.max(this.#told[field], this.#seen[field]) - this.#used[field]);
    return rest;
  }

  #charge(fact: UsageEvent): UsageEvent {
    this.#add(totalsOf(fact), fact.costBasis);
    return fact;
  }

  #add(amount: Totals, basis: UsageEvent["costBasis"]): void {
    addTo(this.#used, amount);
    this.#leastCostUsd += amount.costUsd ?? 0;
    if (basis !== null) this.#bases.add(basis);
    this.#calls++;
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
