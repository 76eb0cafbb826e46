// Counts a run's requests to the model against its limit, for an agent that knows none.
import { CodedError } from "../tools/coded-error.ts";
import type { HarnessEvent, HarnessEventType } from "./events.ts";
import type { RunLimits } from "./harness.ts";

/** Any of these after the last request that was allowed means that another one is under way. */
const SIGNS_OF_WORK: ReadonlySet<HarnessEventType> = new Set([
  "message.delta",
  "message",
  "reasoning.delta",
  "reasoning",
  "tool.started",
  "plan.updated",
]);

export function turnLimitPassed({ maxTurns }: RunLimits): CodedError {
  return new CodedError(
    "max_turns",
    `The model wanted to go on after ${maxTurns} turns, the limit of this run`,
  );
}

export class TurnLimit {
  readonly #maxTurns: number;
  #turns = 0;
  #calledTool = false;

  constructor(maxTurns: number | undefined) {
    this.#maxTurns = maxTurns ?? Infinity;
  }

  /** True when the run goes on, or is about to, past its last turn: one that calls a tool wants another. */
  isPassedBy({ type }: HarnessEvent): boolean {
    if (type === "tool.started") this.#calledTool = true;
    if (type !== "turn") return this.#turns >= this.#maxTurns && SIGNS_OF_WORK.has(type);
    this.#turns++;
    const wantsMore = this.#calledTool;
    this.#calledTool = false;
    return wantsMore && this.#turns >= this.#maxTurns;
  }
}
