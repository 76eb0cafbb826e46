// What one notification of Codex means by itself, without the state of its thread.
import type { z } from "zod";
import type { HarnessEvent } from "../events.ts";
import { costOf } from "../prices.ts";
import type { notifications } from "./protocol.ts";

type Params<Name extends keyof typeof notifications> = z.output<(typeof notifications)[Name]>;

const PLAN_STATUS = {
  pending: "pending",
  inProgress: "in_progress",
  completed: "completed",
} as const;

export const COMPACTION: HarnessEvent = {
  type: "notice",
  code: "compaction",
  message: "Codex has summed up the conversation to save room",
};

export function modelFallback(fromModel: string, toModel: string): HarnessEvent {
  const message = `${toModel} answers in place of ${fromModel}`;
  return { type: "notice", code: "model_fallback", message, data: { fromModel, toModel } };
}

export function mcpServerFailed(server: string, error: string | null | undefined): HarnessEvent {
  const message = `The MCP server ${server} did not start: ${error ?? "no reason given"}`;
  return { type: "notice", code: "mcp_server_failed", message, data: { server } };
}

export function planUpdated(plan: Params<"turn/plan/updated">["plan"]): HarnessEvent {
  const statusOf = (status: string) => PLAN_STATUS[status as keyof typeof PLAN_STATUS] ?? "pending";
  const steps = plan.map(({ step, status }) => ({ text: step, status: statusOf(status) }));
  return { type: "plan.updated", steps };
}

/** Of one model call. */
export function usageOf(
  model: string,
  last: Params<"thread/tokenUsage/updated">["tokenUsage"]["last"],
): HarnessEvent {
  const amounts = {
    inputTokens: last.inputTokens,
    outputTokens: last.outputTokens,
    cachedInputTokens: last.cachedInputTokens,
    cacheWriteTokens: last.cacheWriteInputTokens,
  };
  const costUsd = costOf(model, amounts);
  const costBasis = costUsd === null ? null : "computed";
  const reasoningTokens = last.reasoningOutputTokens;
  return { type: "usage", scope: "call", model, ...amounts, reasoningTokens, costUsd, costBasis };
}
