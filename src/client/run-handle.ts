// A run in the hand of a host: follow it, await it, steer it, cancel it, over any number of connections.
import type { Envelope } from "../wire/events.ts";
import type { MethodInput, Run } from "../wire/methods.ts";
import type { EventsOptions } from "./events.ts";
import type { Caller } from "./catalogue.ts";

const WAIT_MS = 60_000;

interface Following extends Caller {
  events(options: EventsOptions): AsyncGenerator<Envelope, void>;
}

export class RunHandle implements AsyncIterable<Envelope> {
  readonly id: string;
  /** The run as it was when this handle was made. */
  readonly run: Run;
  /** True when the key named a run that was there already. */
  readonly replayed: boolean;
  readonly #box: Following;

  constructor(box: Following, run: Run, replayed: boolean) {
    this.#box = box;
    this.id = run.runId;
    this.run = run;
    this.replayed = replayed;
  }

  /** All of the run's events, from its first fact to `run.ended`. */
  async *events(
    options: Omit<EventsOptions, "filter"> & { readonly deltas?: boolean } = {},
  ): AsyncGenerator<Envelope, void> {
    const { deltas = true, ...rest } = options;
    const events = this.#box.events({
      after: this.run.cursor,
      ...rest,
      filter: { runId: this.id, deltas },
    });
    for await (const event of events) {
      yield event;
      if (event.type === "run.ended") return;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Envelope, void> {
    return this.events();
  }

  /** The run once it has ended, however long that takes. */
  async result(options: { readonly signal?: AbortSignal } = {}): Promise<Run> {
    for (;;) {
      const { run } = await this.#box.call(
        "run_wait",
        { runId: this.id, waitMs: WAIT_MS },
        options,
      );
      if (run.state === "ended") return run;
    }
  }

  /** Ends the run and everything it started; the run as it ended. */
  async cancel(reason?: string): Promise<Run> {
    const { run } = await this.#box.call("run_cancel", {
      runId: this.id,
      ...(reason !== undefined && { reason }),
    });
    return run;
  }

  /** Gives input to the running run. Throws CallError where it cannot be steered. */
  async steer(prompt: MethodInput<"run_steer">["prompt"]): Promise<void> {
    await this.#box.call("run_steer", { runId: this.id, prompt });
  }
}
