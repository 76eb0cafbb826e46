// Takes down what a harness says during one run: into the journal, into the account, and into what the verdict needs.
import {
  type CheckedHarnessEvent,
  HarnessEvent,
  type TextDelta,
} from "../../../harnesses/events.ts";
import type { EventBody, EventOf, RunResult } from "../../wire/events.ts";
import type { Journal } from "../../journal/journal.ts";
import type { TokenUse } from "../../models/usage-meter.ts";
import type { Ledger } from "./ledger.ts";
import { OpenEnds } from "./open-ends.ts";
import type { Write } from "./run-store.ts";

const SIGNS_OF_WORK: ReadonlySet<string> = new Set([
  "message",
  "reasoning",
  "tool.started",
  "plan.updated",
]);

export class RunRecorder {
  readonly #journal: Journal;
  readonly #runId: string;
  readonly #ledger: Ledger;
  readonly #bindSession: (token: string) => Write;
  readonly #saveTotals: () => Write;
  readonly #open = new OpenEnds();
  #isClosed = false;
  #lastMessage = "";
  #result: RunResult | null = null;
  #didSomething = false;

  constructor(options: {
    journal: Journal;
    runId: string;
    ledger: Ledger;
    bindSession: (token: string) => Write;
    /** Keeps the ledger's session totals with the session. */
    saveTotals: () => Write;
  }) {
    this.#journal = options.journal;
    this.#runId = options.runId;
    this.#ledger = options.ledger;
    this.#bindSession = options.bindSession;
    this.#saveTotals = options.saveTotals;
  }

  /** The last `result`, or the last message where the harness gave none. */
  get result(): RunResult | null {
    return this.#result ?? (this.#lastMessage === "" ? null : { text: this.#lastMessage });
  }

  get didSomething(): boolean {
    return this.#didSomething;
  }

  /** A further attempt answers anew: what the one before answered does not count. */
  beginAttempt(): void {
    this.#result = null;
    this.#lastMessage = "";
  }

  /** What an adapter yields is checked here: a bring-your-own harness is not trusted to keep to the form. */
  record(said: HarnessEvent): CheckedHarnessEvent {
    const checked = HarnessEvent.safeParse(said);
    const event: CheckedHarnessEvent = checked.success
      ? checked.data
      : { type: "unmapped", data: said };
    if (event.type === "usage") this.#recordUse(event);
    else {
      const offset = this.#follow(event);
      this.#append(
        (offset === undefined ? event : { ...event, offset }) as EventBody,
        event.type === "session.bound" ? this.#bindSession(event.token) : undefined,
      );
    }
    return event;
  }

  /** What the daemon itself has seen of the run's work. */
  recordSeen(event: EventOf<"file.changed" | "notice">): void {
    this.#journal.append(event, { source: "daemon", runId: this.#runId });
  }

  /** What the gateway has read in an answer, as soon as it has passed. */
  recordSeenUse(use: TokenUse): void {
    const fact = this.#ledger.addSeen(use);
    if (fact) this.#journal.append(fact, { source: "daemon", runId: this.#runId });
  }

  /** Takes account of what is in the journal already. */
  recall(event: CheckedHarnessEvent): void {
    if (event.type === "usage") this.#ledger.recall(event);
    else this.#follow(event);
  }

  /** Output of a tool that the daemon itself runs for the harness. A tool that is being ended may still print; that comes too late. */
  recordToolOutput(toolCallId: string, stream: "stdout" | "stderr", text: string): void {
    if (this.#isClosed) return;
    const output = { type: "tool.output", toolCallId, stream, text } as const;
    const offset = this.#open.follow(output);
    this.#journal.append({ ...output, offset }, { source: "tool", runId: this.#runId });
  }

  /** What is being streamed and has no end yet, from its beginning. */
  soFar(): TextDelta[] {
    return [...this.#open.soFar()];
  }

  /** Closes what an interrupted harness has left open, so that every delta is contained in a fact and every call has an end. */
  closeOpen(): void {
    this.#isClosed = true;
    for (const event of this.#open.closings()) this.record(event);
  }

  #follow(event: CheckedHarnessEvent): number | undefined {
    if (SIGNS_OF_WORK.has(event.type)) this.#didSomething = true;
    if (event.type === "turn") this.#ledger.countTurn();
    else if (event.type === "result") this.#followResult(event);
    else if (event.type === "message" && event.text.trim() !== "") this.#lastMessage = event.text;
    return this.#open.follow(event);
  }

  /** An empty one is no sign of work. */
  #followResult({ text, json }: Extract<CheckedHarnessEvent, { type: "result" }>): void {
    this.#didSomething ||= text.trim() !== "" || json !== undefined;
    this.#result = json === undefined ? { text } : { text, json };
  }

  /** A sum over the session becomes an amount; the sum itself is kept with the session. */
  #recordUse(event: Extract<CheckedHarnessEvent, { type: "usage" }>): void {
    const fact = this.#ledger.addTold(event);
    if (fact) this.#append(fact, event.scope === "session" ? this.#saveTotals() : undefined);
  }

  #append(event: EventBody, alongside: Write | undefined): void {
    this.#journal.append(event, { source: "harness", runId: this.#runId }, alongside);
  }
}
