// What a call to a model cost, as the event that the daemon adds up.
import type { HarnessEvent } from "../../events.ts";
import { costOf } from "../../prices.ts";
import type { ReplyUsage } from "./model.ts";

/** The server's own figure wins over the price list. */
export function usageEvent(
  model: string,
  { reportedCostUsd, ...tokens }: ReplyUsage,
): HarnessEvent {
  const costUsd = reportedCostUsd ?? costOf(model, tokens);
  const costBasis = costUsd === null ? null : reportedCostUsd === null ? "computed" : "reported";
  return { type: "usage", scope: "call", model, ...tokens, costUsd, costBasis };
}
