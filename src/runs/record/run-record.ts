// A run as it is written down: its beginning, its end, and the fingerprint by which a repeated request is known.
import { containmentOnWire } from "../../../tools/machinery/process/schemas.ts";
import { createHash } from "node:crypto";
import type { ContainmentReport } from "../../../tools/process.ts";
import type { EventOf, RunUsage } from "../../wire/events.ts";
import { newId } from "./ids.ts";
import type { Run, RunRequest } from "../../wire/methods.ts";
import type { Verdict } from "./outcome.ts";
import type { SessionRecord, Write } from "./run-store.ts";

/** How a run ended, and what that cost. */
export interface Conclusion extends Verdict {
  readonly usage: RunUsage;
  readonly containment: ContainmentReport | null;
}

/** What a run goes on from. */
export interface Continuation {
  readonly session: SessionRecord;
  /** The token of another session, which is left as it is. */
  readonly forkFrom: string | null;
}

export interface Ended extends Conclusion {
  readonly saveSession: Write;
}

export const NOTHING_USED: RunUsage = {
  turns: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
  costBasis: null,
  cpuMs: null,
  peakMemoryBytes: null,
};

/** What is known of a run as it is taken. */
export interface NewRun {
  readonly request: RunRequest;
  readonly harness: { readonly name: string };
  readonly model: string | null;
  readonly cwd: string;
  readonly session: SessionRecord | undefined;
}

/** A run that has just been taken. `cursor.seq` is the place before its first fact, which the journal writes next. */
export function newRun(
  { request, harness, model, cwd, session }: NewRun,
  cursor: Run["cursor"],
): Run {
  return {
    runId: newId("run"),
    state: "queued",
    key: request.key ?? null,
    harness: harness.name,
    model,
    sessionId: session && !request.fork ? session.sessionId : newId("session"),
    cwd,
    createdAt: new Date().toISOString(),
    startedAt: null,
    endedAt: null,
    outcome: null,
    result: null,
    error: null,
    usage: null,
    metadata: request.metadata,
    cursor,
  };
}

/** The conversation that a run begins when it goes on with none. */
export function newSession({ sessionId, harness, cwd, createdAt }: Run): SessionRecord {
  return { sessionId, harness, cwd, createdAt, lastRunAt: null, runs: 0, token: null, totals: {} };
}

/** The run as it stands once ended, and the fact that says so. */
export function endRun(run: Run, conclusion: Conclusion): { run: Run; fact: EventOf<"run.ended"> } {
  const { outcome, result, error, usage, containment } = conclusion;
  const endedAt = new Date();
  const durationMs = run.startedAt === null ? 0 : endedAt.getTime() - Date.parse(run.startedAt);
  return {
    run: { ...run, state: "ended", endedAt: endedAt.toISOString(), outcome, result, error, usage },
    fact: {
      type: "run.ended",
      outcome,
      result,
      error,
      usage,
      durationMs,
      sessionId: run.sessionId,
      containment: containment && containmentOnWire(containment),
    },
  };
}

/** The same for the same request, whatever the order of its keys. */
export function fingerprintOf(request: RunRequest): string {
  const contents = { ...request, key: undefined };
  return createHash("sha256")
    .update(JSON.stringify(sortKeys(contents)))
    .digest("hex");
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sortKeys(each)]));
}
