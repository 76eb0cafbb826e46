// A door on a real journal, for the client: with runs that are written to the journal, and a proxy that breaks lines.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { z } from "zod";
import { Harnessd, type ConnectOptions } from "../../../src/client/index.ts";
import type { ListenOptions, ListeningDoor } from "../../../src/doors/socket/listen.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { methods, type Run } from "../../../src/wire/methods.ts";
import type { Method } from "../../../src/doors/socket/method.ts";
import { openJournal, tableWith } from "../doors/socket/journal-door.ts";
import { aborted, method, openDoor } from "../doors/socket/small-door.ts";

export interface Box {
  readonly journal: Journal;
  readonly door: ListeningDoor;
  readonly runs: Map<string, Run>;
  /** Ends a run, in the journal and for those who wait. */
  readonly end: (runId: string) => void;
}

export async function openBox(
  options: Partial<ListenOptions> & { extra?: [string, Method][] } = {},
): Promise<Box> {
  const { extra = [], ...rest } = options;
  const journal = openJournal();
  const runs = new Map<string, Run>();
  const table = new Map([...tableWith(journal), ...runMethods(journal, runs), ...extra]);
  const door = await openDoor({ methods: table, ...rest });
  const end = (runId: string): void => {
    runs.set(runId, { ...(runs.get(runId) as Run), state: "ended", outcome: "completed" });
    journal.append({ type: "run.ended", outcome: "completed" } as never, {
      source: "daemon",
      runId,
    });
  };
  return { journal, door, runs, end };
}

function runMethods(journal: Journal, runs: Map<string, Run>): [string, Method][] {
  return [
    [
      "run_start",
      method(
        methods.run_start.params,
        async ({ key, harness }) => {
          const known = [...runs.values()].find((each) => each.key === key);
          if (known !== undefined) return { run: known, replayed: true };
          const run = {
            runId: `run_${randomUUID()}`,
            key,
            harness,
            state: "running",
            outcome: null,
            cursor: journal.head,
          } as Run;
          runs.set(run.runId, run);
          journal.append(
            { type: "notice", code: "begun", message: "" },
            { source: "daemon", runId: run.runId },
          );
          return { run, replayed: false };
        },
        true,
      ),
    ],
    ["run_get", method(methods.run_get.params, async ({ runId }) => ({ run: runs.get(runId) }))],
    [
      "run_wait",
      method(methods.run_wait.params, async ({ runId }, { signal }) => {
        while (runs.get(runId)?.state !== "ended" && !signal.aborted)
          await new Promise((resolve) => setTimeout(resolve, 5));
        return { run: runs.get(runId) };
      }),
    ],
    ["wait_once", method(z.unknown(), async (_params, { signal }) => aborted(signal))],
  ];
}

export async function connectTo(
  url: string,
  options: Partial<ConnectOptions> = {},
): Promise<Harnessd> {
  const box = await Harnessd.connect({ url, backoff: { baseMs: 1, maxMs: 10 }, ...options });
  onTestFinished(() => box.close());
  return box;
}

/** A TCP proxy whose lines can be cut at any byte. */
export class Wire {
  readonly url: string;
  readonly #lines: Set<Socket>;
  readonly #target: { port: number };

  private constructor(url: string, lines: Set<Socket>, target: { port: number }) {
    this.url = url;
    this.#lines = lines;
    this.#target = target;
  }

  /** New lines go to this door: as when a daemon has been started anew. */
  leadTo({ port }: ListeningDoor): void {
    this.#target.port = port;
  }

  static async to(door: ListeningDoor): Promise<Wire> {
    const lines = new Set<Socket>();
    const target = { port: door.port };
    const server = createServer((near) => {
      const far = connectTcp(target.port, "127.0.0.1");
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.pipe(to);
      }
      lines.add(near);
      near.on("close", () => lines.delete(near));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const wire = new Wire(
      `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
      lines,
      target,
    );
    onTestFinished(() => {
      wire.cut();
      server.close();
    });
    return wire;
  }

  cut(): void {
    for (const line of this.#lines) line.resetAndDestroy();
  }
}
