// The model's side of one run: what the gateway asks about it before it lets a request through, and what it tells of the answers.
import { setTimeout as sleep } from "node:timers/promises";
import type { RunError } from "../../wire/events.ts";
import type { AskingRun } from "../../models/grants.ts";
import type { TokenUse } from "../../models/usage-meter.ts";

/** For a harness to tell of a turn whose answer has passed through the gateway already; a program that knows no limit asks again at once. */
const HOLD_MS = 500;

/** What the server refuses for the run's key, and would refuse again; some agents ask five times more. */
const FINAL: ReadonlySet<string> = new Set(["unauthorized", "forbidden", "quota_exceeded"]);

export interface ModelSideOptions {
  readonly runId: string;
  readonly maxTurns: number | undefined;
  /** Aborted with what ended the run, or is ending it. */
  readonly signal: AbortSignal;
  readonly onReady: () => Promise<void>;
  readonly onUse: (use: TokenUse) => void;
  /** The run's model is refused for good. */
  readonly onRefused: (failure: RunError) => void;
}

export class ModelSide implements AskingRun {
  readonly runId: string;
  readonly onReady: () => Promise<void>;
  readonly onUse: (use: TokenUse) => void;
  readonly #onRefused: (failure: RunError) => void;
  readonly #maxTurns: number;
  readonly #signal: AbortSignal;
  #answers = 0;
  #failure: RunError | null = null;

  constructor({ runId, maxTurns = Infinity, signal, ...told }: ModelSideOptions) {
    this.runId = runId;
    this.onReady = told.onReady;
    this.onUse = told.onUse;
    this.#onRefused = told.onRefused;
    this.#maxTurns = maxTurns;
    this.#signal = signal;
  }

  /** How the last request to a model failed; null when it was answered. */
  get failure(): RunError | null {
    return this.#failure;
  }

  /**
   * Past as many answers as the run has turns it waits: the turn limit is about to end the run, or the request is none of its turns
   * (a summary of the conversation, a title for it) and goes on.
   */
  async refusal(): Promise<string | null> {
    if (this.#answers >= this.#maxTurns)
      await sleep(HOLD_MS, undefined, { signal: this.#signal, ref: false }).catch(() => {});
    return this.#signal.aborted ? (this.#signal.reason as Error).message : null;
  }

  onAnswer(failure: RunError | null, isOwn: boolean): void {
    this.#failure = failure;
    if (failure !== null && isOwn && FINAL.has(failure.code)) this.#onRefused(failure);
    if (failure === null || failure.code === "model_refused") this.#answers++;
  }
}
