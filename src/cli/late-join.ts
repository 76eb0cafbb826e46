// Follows a run that others have seen begin: its facts, what it streams just now from the beginning, then what comes, nothing twice.
import type { CallResult, Envelope, Harnessd, RunHandle } from "../client/index.ts";
import type { Follow } from "./show-run.ts";

type SoFar = CallResult<"run_get">["soFar"];
type Delta = Envelope<"message.delta" | "reasoning.delta" | "tool.output">;

/** For who attaches: a call that is under way has printed already what no fact holds yet. */
export function joinLate(box: Harnessd): Follow {
  return async (run, take, signal) => {
    const joining = new LateJoin(take);
    const after = await replay(box, run, (event) => joining.take(event));
    if (joining.ended) return joining.ended;
    const live = box.events({ after, filter: { runId: run.id }, signal, onGap: () => {} });
    const first = live.next();
    // Asked behind the subscription, on the same line: what comes later comes to us as well.
    box.call("run_get", { runId: run.id }).then(
      ({ soFar }) => joining.begin(soFar),
      () => joining.begin([]),
    );
    for (let next = await first; next.done !== true; next = await live.next()) {
      joining.take(next.value);
      if (next.value.type === "run.ended") return next.value;
    }
    return joining.ended;
  };
}

/** All facts until now; a hole among them is passed over. Answers where to go on. */
async function replay(
  box: Harnessd,
  { id, run }: RunHandle,
  take: (event: Envelope) => void,
): Promise<CallResult<"events_read">["cursor"]> {
  for (let after = run.cursor; ;) {
    const page = await box.call("events_read", { after, filter: { runId: id } });
    for (const event of page.events as Envelope[]) take(event);
    after = page.cursor;
    if (page.atEnd) return after;
  }
}

export class LateJoin {
  /** The run's end, where it has been seen. */
  ended: Envelope<"run.ended"> | undefined;
  readonly #show: (event: Envelope) => void;
  /** Characters shown of each text and output. */
  readonly #shown = new Map<string, number>();
  /** Deltas of which the beginning is not known yet. */
  readonly #held: Delta[] = [];
  #hasBegun = false;

  constructor(show: (event: Envelope) => void) {
    this.#show = show;
  }

  take(event: Envelope): void {
    if (isDelta(event)) return this.#takeDelta(event);
    if (event.type === "run.ended") this.ended = event;
    this.#show(event);
  }

  /** What is streamed so far; then what came while that was asked for. */
  begin(soFar: SoFar): void {
    this.#hasBegun = true;
    const around = { epoch: "", time: "", source: "harness" } as const;
    for (const delta of soFar) this.#takeDelta({ ...around, ...delta });
    for (const delta of this.#held.splice(0)) this.#takeDelta(delta);
  }

  #takeDelta(delta: Delta): void {
    const key = keyOf(delta);
    const shown = this.#shown.get(key) ?? 0;
    const { offset = shown, text } = delta;
    if (offset > shown && !this.#hasBegun) return void this.#held.push(delta);
    if (offset + text.length <= shown) return;
    this.#shown.set(key, offset + text.length);
    this.#show({ ...delta, text: text.slice(Math.max(0, shown - offset)) });
  }
}

function isDelta(event: Envelope): event is Delta {
  return ["message.delta", "reasoning.delta", "tool.output"].includes(event.type);
}

function keyOf(delta: Delta): string {
  return delta.type === "tool.output"
    ? `${delta.stream} ${delta.toolCallId}`
    : `${delta.type} ${delta.messageId}`;
}
