// Takes down what a harness says during one run: into the journal, into the account, and into what the verdict needs.
import { HarnessEvent } from "../../harnesses/events.ts";
import type { EventBody, EventOf, RunResult } from "../events.ts";
import type { Journal } from "../journal/journal.ts";
import type { Ledger } from "./ledger.ts";
import type { Write } from "./run-store.ts";

type Parsed = ReturnType<typeof HarnessEvent.parse>;

const SIGNS_OF_WORK: ReadonlySet<string> = new Set(["message", "reasoning", "tool.started", "plan.updated", "result"]);

export class RunRecorder {
  readonly #journal: Journal;
  readonly #runId: string;
  readonly #ledger: Ledger;
  readonly #bindSession: (token: string) => Write;
  /** Streamed text that no fact has closed yet, by message. */
  readonly #openTexts = { message: new Map<string, string>(), reasoning: new Map<string, string>() };
  readonly #openCalls = new Map<string, string>();
  #lastMessage = "";
  #result: RunResult | null = null;
  #didSomething = false;

  constructor(options: { journal: Journal; runId: string; ledger: Ledger; bindSession: (token: string) => Write }) {
    this.#journal = options.journal;
    this.#runId = options.runId;
    this.#ledger = options.ledger;
    this.#bindSession = options.bindSession;
  }

  /** The last `result`, or the last message where the harness gave none. */
  get result(): RunResult | null {
    return this.#result ?? (this.#lastMessage === "" ? null : { text: this.#lastMessage });
  }

  get didSomething(): boolean {
    return this.#didSomething;
  }

  /** True while some tool call has started and not finished. */
  get hasOpenCalls(): boolean {
    return this.#openCalls.size > 0;
  }

  /** A further attempt answers anew: what the one before answered does not count. */
  beginAttempt(): void {
    this.#result = null;
    this.#lastMessage = "";
  }

  /** What an adapter yields is checked here: a bring-your-own harness is not trusted to keep to the form. */
  record(said: HarnessEvent): Parsed {
    const checked = HarnessEvent.safeParse(said);
    const event: Parsed = checked.success ? checked.data : { type: "unmapped", data: said };
    this.#follow(event);
    this.#append(event, event.type === "session.bound" ? this.#bindSession(event.token) : undefined);
    return event;
  }

  /** What the daemon itself has seen of the run's work. */
  recordSeen(event: EventOf<"file.changed" | "notice">): void {
    this.#journal.append(event, { source: "daemon", runId: this.#runId });
  }

  /** Takes account of what is in the journal already. */
  recall(event: Parsed): void {
    this.#follow(event);
  }

  /** Output of a tool that the daemon itself runs for the harness. */
  recordToolOutput(toolCallId: string, stream: "stdout" | "stderr", text: string): void {
    this.#journal.append({ type: "tool.output", toolCallId, stream, text }, { source: "tool", runId: this.#runId });
  }

  /** Closes what an interrupted harness has left open, so that every delta is contained in a fact and every call has an end. */
  closeOpen(): void {
    for (const type of ["reasoning", "message"] as const) {
      for (const [messageId, text] of this.#openTexts[type]) this.record({ type, messageId, text });
    }
    for (const [toolCallId, name] of this.#openCalls) {
      this.record({
        type: "tool.finished",
        toolCallId,
        name,
        ok: false,
        output: { code: "interrupted", message: "The run ended before the tool did" },
      });
    }
  }

  #follow(event: Parsed): void {
    if (SIGNS_OF_WORK.has(event.type)) this.#didSomething = true;
    if (event.type === "usage") this.#ledger.add(event);
    else if (event.type === "turn") this.#ledger.countTurn();
    else if (event.type === "result")
      this.#result = event.json === undefined ? { text: event.text } : { text: event.text, json: event.json };
    else if (event.type === "tool.started") this.#openCalls.set(event.toolCallId, event.name);
    else if (event.type === "tool.finished") this.#openCalls.delete(event.toolCallId);
    else this.#followText(event);
  }

  #followText(event: Parsed): void {
    const { message, reasoning } = this.#openTexts;
    if (event.type === "message.delta") message.set(event.messageId, (message.get(event.messageId) ?? "") + event.text);
    else if (event.type === "reasoning.delta") reasoning.set(event.messageId, (reasoning.get(event.messageId) ?? "") + event.text);
    else if (event.type === "reasoning") reasoning.delete(event.messageId);
    else if (event.type === "message" || event.type === "message.retracted") message.delete(event.messageId);
    if (event.type === "message.retracted") reasoning.delete(event.messageId);
    if (event.type === "message" && event.text.trim() !== "") this.#lastMessage = event.text;
  }

  #append(event: EventBody, alongside: Write | undefined): void {
    this.#journal.append(event, { source: "harness", runId: this.#runId }, alongside);
  }
}
