// Shows a run to its end, and what becomes of it when the showing is ended from outside.
import type { Envelope, RunHandle } from "../client/index.ts";
import { wantsColour } from "./colour.ts";
import { EXIT, exitStatusOf } from "./exit-status.ts";
import { Renderer } from "./render.ts";
import { onStop, type Stop } from "./stop.ts";

/** Gives a run's events to `take` until its end, which it answers; undefined when the signal ended it before. */
export type Follow = (
  run: RunHandle,
  take: (event: Envelope) => void,
  signal: AbortSignal,
) => Promise<Envelope<"run.ended"> | undefined>;

export interface ShowOptions {
  readonly asJson: boolean;
  /** What the first signal does: the one who started the run ends it, the one who watches leaves it. */
  readonly onSignal: "cancel" | "leave";
  /** True when the run goes on after this command. */
  readonly isShared: boolean;
  /** Absent: from the run's beginning, as it comes. */
  readonly follow?: Follow;
}

/**
 * Answers the exit status. Listens for signals before the run is there: one that comes while it is being started cancels it
 * as soon as it has a name. A second signal leaves the run; a reader that has left counts as a first signal only.
 */
export async function showRun(
  begin: () => Promise<RunHandle>,
  { asJson, onSignal, isShared, follow = fromItsBeginning }: ShowOptions,
): Promise<number> {
  const leaving = new AbortController();
  const handle = Promise.withResolvers<RunHandle>();
  let stopped: Stop | undefined;
  const listenNoMore = onStop((by) => {
    const isFirst = stopped === undefined;
    stopped ??= by;
    if (isFirst && onSignal === "cancel")
      void handle.promise
        .then((run) => run.cancel(`${by} to harnessd run`))
        .catch(() => leaving.abort());
    else if (isFirst || by !== "SIGPIPE") leaving.abort();
  });
  leaving.signal.addEventListener("abort", () => handle.reject(leaving.signal.reason));
  try {
    begin().then(handle.resolve, handle.reject);
    const run = await handle.promise;
    const ended = await follow(run, taker(asJson), leaving.signal);
    const status = ended === undefined ? EXIT.unknown : exitStatusOf(ended);
    if (ended === undefined && stopped !== undefined && stopped !== "SIGPIPE" && isShared)
      process.stderr.write(
        `harnessd: left ${run.id}, which goes on: \`harnessd attach ${run.id}\` shows it, \`harnessd cancel ${run.id}\` ends it\n`,
      );
    return status;
  } catch (error) {
    if (leaving.signal.aborted) return EXIT.unknown;
    throw error;
  } finally {
    listenNoMore();
  }
}

function taker(asJson: boolean): (event: Envelope) => void {
  if (asJson) return (event) => void process.stdout.write(`${JSON.stringify(event)}\n`);
  const renderer = new Renderer((text) => process.stdout.write(text), wantsColour(process.stdout));
  return (event) => renderer.show(event);
}

const fromItsBeginning: Follow = async (run, take, signal) => {
  for await (const event of run.events({ signal })) {
    take(event);
    if (event.type === "run.ended") return event;
  }
  return undefined;
};
