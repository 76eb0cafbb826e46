// Who may use which tool: what a policy decides at once, and the questions that wait for a host, each with a deadline and a default.
import type { PermissionDecision, PermissionQuestion } from "../../../harnesses/harness.ts";
import type { EventBody } from "../../wire/events.ts";
import { newId } from "../record/ids.ts";
import type { Journal } from "../../journal/journal.ts";
import type { MethodParams, MethodResult, Run } from "../../wire/methods.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import { type Policy, rulingOn } from "../admission/policy.ts";

type Answer = MethodParams<"permission_answer">;
export type WaitingPermission = MethodResult<"permission_list">["permissions"][number];

interface Waiting {
  readonly shown: WaitingPermission;
  readonly resolve: (by: "host" | "deadline" | "run_end", decision: PermissionDecision) => void;
}

/** Holds the open questions of all runs. */
export class PermissionBroker {
  readonly #journal: Journal;
  readonly #waiting = new Map<string, Waiting>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  list(runId?: string): WaitingPermission[] {
    return [...this.#waiting.values()]
      .map((each) => each.shown)
      .filter((each) => runId === undefined || each.runId === runId);
  }

  /** Decides one call, waiting for a host where the policy says so. Resolves with a denial when the run ends first. */
  async decide(
    { runId, cwd }: Pick<Run, "runId" | "cwd">,
    policy: Policy | undefined,
    question: PermissionQuestion,
    signal: AbortSignal,
  ): Promise<PermissionDecision> {
    if (policy === undefined) return { decision: "allow" };
    const ruling = rulingOn(policy, question, cwd);
    if (ruling === "allow") return { decision: "allow" };
    const permissionId = newId("permission");
    if (ruling === "ask") return this.#ask(runId, permissionId, policy, question, signal);
    const reason = "The run's policy denies this call";
    this.#append(runId, {
      type: "permission.resolved",
      permissionId,
      toolCallId: question.toolCallId,
      name: question.name,
      decision: "deny",
      by: "policy",
      reason,
    });
    return { decision: "deny", reason };
  }

  /** Throws CodedError `permission_not_found` for a question that is not open (any more). */
  answer({ permissionId, decision, reason, input }: Answer): void {
    const waiting = this.#waiting.get(permissionId);
    if (!waiting) {
      throw new CodedError(
        "permission_not_found",
        `No open permission request ${permissionId}; it may have been answered, or its deadline has passed`,
      );
    }
    if (decision === "deny")
      waiting.resolve("host", { decision, reason: reason ?? "The host denied this call" });
    else waiting.resolve("host", input === undefined ? { decision } : { decision, input });
  }

  #ask(
    runId: string,
    permissionId: string,
    policy: Policy,
    { toolCallId, name, input }: PermissionQuestion,
    signal: AbortSignal,
  ): Promise<PermissionDecision> {
    const defaultDecision = policy.onDeadline;
    const deadline = new Date(Date.now() + policy.deadlineMs).toISOString();
    const { promise, resolve } = Promise.withResolvers<PermissionDecision>();
    const call = { permissionId, toolCallId, name };
    const settle: Waiting["resolve"] = (by, decided) => {
      if (!this.#waiting.delete(permissionId)) return;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      const reason = decided.decision === "deny" ? decided.reason : null;
      const { decision } = decided;
      this.#append(runId, { type: "permission.resolved", ...call, decision, by, reason });
      resolve(decided);
    };
    const onAbort = (): void =>
      settle("run_end", { decision: "deny", reason: "The run has ended" });
    const timer = setTimeout(
      () => settle("deadline", atDeadline(defaultDecision)),
      policy.deadlineMs,
    );
    const question = { ...call, input, deadline, defaultDecision };
    this.#waiting.set(permissionId, { shown: { runId, ...question }, resolve: settle });
    this.#append(runId, { type: "permission.requested", ...question });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    return promise;
  }

  #append(runId: string, body: EventBody): void {
    this.#journal.append(body, { source: "daemon", runId });
  }
}

function atDeadline(defaultDecision: Policy["onDeadline"]): PermissionDecision {
  if (defaultDecision === "allow") return { decision: "allow" };
  return { decision: "deny", reason: "Nobody answered in time" };
}
