// The notices that an execution adds to what its harness reports.
import type { HarnessEvent } from "../../../harnesses/events.ts";

type Notice = Extract<HarnessEvent, { type: "notice" }>;

/** Input that was taken and that the harness never read must not seem to have been heeded. */
export function inputUnread(texts: readonly string[]): Notice {
  const message =
    "The run ended before its harness had read this input; give it to a further run in the session";
  return { type: "notice", code: "input_unread", message, data: { texts } };
}

export function exitOverdue(harnessTitle: string): Notice {
  const message = `${harnessTitle} gave its result and did not end; it was ended`;
  return { type: "notice", code: "exit_overdue", message };
}

/** A limit that cannot be held is said to be one. */
export function costUnknown(model: string | null, maxCostUsd: number): Notice {
  const message = `maxCostUsd does not hold for this run: no price is known for ${model ?? "its model"}. Limit it by maxTokens`;
  return { type: "notice", code: "cost_unknown", message, data: { model, maxCostUsd } };
}

export function resultRepair(problem: string, attempt: number, maxAttempts: number): Notice {
  return {
    type: "notice",
    code: "result_repair",
    message: problem,
    data: { attempt, maxAttempts },
  };
}
