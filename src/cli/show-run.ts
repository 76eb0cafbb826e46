// Shows a run to its end, and what becomes of it when the showing is ended from outside.
import type { RunHandle } from "../client/index.ts";
import { wantsColour } from "./colour.ts";
import { EXIT, exitStatusOf } from "./exit-status.ts";
import { Renderer } from "./render.ts";
import { onStop, type Stop } from "./stop.ts";

export interface ShowOptions {
  readonly asJson: boolean;
  /** What the first signal does: the one who started the run ends it, the one who watches leaves it. */
  readonly onSignal: "cancel" | "leave";
  /** True when the run goes on after this command. */
  readonly isShared: boolean;
}

/**
 * Answers the exit status. Listens for signals before the run is there: one that comes while it is being started cancels it
 * as soon as it has a name. A second signal leaves the run; a reader that has left counts as a first signal only.
 */
export async function showRun(
  begin: () => Promise<RunHandle>,
  { asJson, onSignal, isShared }: ShowOptions,
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
    const status = await show(run, asJson, leaving.signal);
    if (status === EXIT.unknown && stopped !== undefined && stopped !== "SIGPIPE" && isShared)
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

async function show(run: RunHandle, asJson: boolean, signal: AbortSignal): Promise<number> {
  const renderer = new Renderer((text) => process.stdout.write(text), wantsColour(process.stdout));
  for await (const event of run.events({ signal })) {
    if (asJson) process.stdout.write(`${JSON.stringify(event)}\n`);
    else renderer.show(event);
    if (event.type === "run.ended") return exitStatusOf(event);
  }
  return EXIT.unknown;
}
