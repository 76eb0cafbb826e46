// Runs and what they used, as a person reads them: each in one line.
import type { Run } from "../wire/methods.ts";
import type { RunUsage } from "../wire/events.ts";

const BYTES_PER_MIB = 1024 * 1024;

export function describeRun(run: Run): string {
  const { runId, state, outcome, harness, model, createdAt, usage, error } = run;
  const parts = [runId, createdAt, harness, model ?? "-", outcome ?? state];
  return [...parts, ...(usage ? [describeUsage(usage)] : []), ...(error ? [error.code] : [])].join(
    "  ",
  );
}

export function describeUsage(usage: RunUsage): string {
  const { turns, inputTokens, outputTokens, cachedInputTokens, costUsd, costBasis } = usage;
  const { cpuMs, peakMemoryBytes } = usage;
  const cost =
    costUsd === null ? "cost unknown" : `$${costUsd.toFixed(4)} ${costBasis ?? ""}`.trim();
  const parts = [
    count(turns, "turn"),
    `${count(inputTokens, "token")} in (${cachedInputTokens} cached), ${outputTokens} out`,
    cost,
  ];
  if (cpuMs !== null) parts.push(`${(cpuMs / 1000).toFixed(1)} s CPU`);
  if (peakMemoryBytes !== null)
    parts.push(`${Math.round(peakMemoryBytes / BYTES_PER_MIB)} MiB peak`);
  return parts.join(" · ");
}

/** `1 turn`, `2 turns`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
