// The daemon's own watch over a harness: silence, retries without end, and a result that is followed by nothing.
import type { HarnessEvent } from "../../../harnesses/events.ts";
import type { RunError } from "../../wire/events.ts";

/** How long each kind of trouble is borne; all in milliseconds but `retries`. */
export interface WatchLimits {
  /** Until the harness says anything at all. */
  readonly firstEventMs: number;
  /** Between two signs of life while no tool is at work. */
  readonly progressMs: number;
  /** Between two signs of life while a tool is at work, which may rightly be silent. */
  readonly toolMs: number;
  /** From the result to the harness's own end; past it the result stands and the harness is ended. */
  readonly exitMs: number;
  /** From a cancel to the harness's own end; past it the harness is left behind and its processes are ended. */
  readonly cancelMs: number;
  /** Retries in a row, without an answer between them. */
  readonly retries: number;
}

export interface WatchListener {
  /** The run is to be ended, for this reason. */
  readonly onTrouble: (error: RunError) => void;
  /** The harness has given its result and does not end. */
  readonly onOverdueExit: () => void;
}

/** An answer has come: retries before it are forgotten. */
const ANSWERS: ReadonlySet<string> = new Set([
  "message.delta",
  "reasoning.delta",
  "tool.input",
  "message",
  "reasoning",
  "tool.started",
  "turn",
]);

export class RunWatch {
  readonly #limits: WatchLimits;
  readonly #listener: WatchListener;
  readonly #openCalls = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #asking = 0;
  #isStopped = false;

  constructor(limits: WatchLimits, listener: WatchListener) {
    this.#limits = limits;
    this.#listener = listener;
    const message = `The harness said nothing within ${limits.firstEventMs} ms of its start`;
    this.#expect(limits.firstEventMs, () =>
      listener.onTrouble({ code: "no_first_event", message }),
    );
  }

  saw(event: HarnessEvent): void {
    if (event.type === "tool.started") this.#openCalls.add(event.toolCallId);
    if (event.type === "tool.finished") this.#openCalls.delete(event.toolCallId);
    if (ANSWERS.has(event.type)) this.#retries = 0;
    if (event.type === "notice" && event.code === "retry") this.#countRetry(event.message);
    if (event.type === "result")
      this.#expect(this.#limits.exitMs, () => this.#listener.onOverdueExit());
    else this.#expectProgress();
  }

  /** Silence while a host is asked is not the harness's. */
  async during<Answer>(asking: Promise<Answer>): Promise<Answer> {
    clearTimeout(this.#timer);
    this.#asking++;
    try {
      return await asking;
    } finally {
      this.#asking--;
      this.#expectProgress();
    }
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #countRetry(message: string): void {
    if (++this.#retries <= this.#limits.retries) return;
    this.#listener.onTrouble({
      code: "retries_exhausted",
      message: `The model did not answer in ${this.#limits.retries} retries: ${message}`,
    });
  }

  #expectProgress(): void {
    const isAtWork = this.#openCalls.size > 0;
    const limitMs = isAtWork ? this.#limits.toolMs : this.#limits.progressMs;
    const message = `The harness said nothing for ${limitMs} ms${isAtWork ? " while a tool was at work" : ""}`;
    this.#expect(limitMs, () => this.#listener.onTrouble({ code: "no_progress", message }));
  }

  #expect(withinMs: number, otherwise: () => void): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped && this.#asking === 0)
      this.#timer = setTimeout(otherwise, withinMs).unref();
  }
}
