// SIGTERM while there is work: all of it is ended, said so to everybody, and the daemon is gone within its grace period.
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Cursor } from "../../src/wire/events.ts";
import type { Run } from "../../src/wire/methods.ts";
import { DaemonProcess, makeBox } from "./daemon-process.ts";
import { factsOfType, parseFacts, readJournal } from "./journal-file.ts";
import { boxProcesses, processesAround, remaining } from "./leftovers.ts";
import { RawHost } from "./raw-host.ts";
import { Chance } from "./seeded.ts";
import { makeProject, startToldModel, type Tale } from "./told-model.ts";

const ROUNDS = 6;
const GRACE_MS = 10_000;
const GOING_AWAY = 1001;
const RUNNING: readonly Tale[] = ["forever", "stream", "stall", "demo"];
/** Facts of old, so that a host which has just come is still far behind at the end. */
const OLD_PROCESSES = 150;

test("SIGTERM during runs ends them as cancelled, tells every subscriber the last fact before 1001, and exits with 0 in time", async () => {
  const chance = new Chance("shutdown");
  const env = await startToldModel();
  const durations: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const box = makeBox();
    const daemon = new DaemonProcess(box, { flags: ["--max-runs", String(RUNNING.length)], env });
    const url = await daemon.url;
    const hosts = await Promise.all(Array.from({ length: 3 }, () => RawHost.connect(url)));
    const [host, slow, late] = hosts as [RawHost, RawHost, RawHost];
    const { cursor } = await host.ask<{ cursor: Cursor }>("daemon_info");
    const beginning = { epoch: cursor.epoch, seq: 0 };
    for (const each of [host, slow]) await each.subscribe(beginning);
    if (round % 2 === 0)
      for (let n = 0; n < OLD_PROCESSES / 10; n++)
        await Promise.all(
          Array.from({ length: 10 }, () => host.call("shell_start", { command: ["true"] })),
        );
    const runs = await Promise.all(
      RUNNING.map((tale) =>
        host.ask<{ run: Run }>("run_start", {
          prompt: `${tale}: go on`,
          cwd: makeProject(box.workspace, tale),
        }),
      ),
    );
    const waiting = await host.ask<{ run: Run }>("run_start", {
      prompt: "demo: later",
      cwd: makeProject(box.workspace, "later"),
    });
    const secretive = await host.ask<{ run: Run }>("run_start", {
      prompt: "demo: later",
      env: { SOME_KEY: "of the host's" },
    });
    await host.ask("shell_start", { command: "trap '' TERM; setsid sleep 987 & sleep 986" });
    await delay(chance.between(0, 1200));
    slow.socket.pause();
    await late.subscribe(beginning);
    const stopping = daemon.stop();
    await delay(chance.between(0, 300));
    slow.socket.resume();
    const { code, signal, durationMs } = await stopping;
    durations.push(Math.round(durationMs));
    expect([code, signal, daemon.errors, daemon.stray]).toEqual([0, null, [], []]);
    expect(durationMs).toBeLessThan(GRACE_MS);
    const journal = readJournal(box);
    for (const each of hosts) {
      await each.closed();
      expect(each.closings.map(({ code }) => code)).toEqual([GOING_AWAY]);
      expect(each.facts).toEqual(journal);
    }
    const facts = parseFacts(journal);
    expect(factsOfType(facts, "daemon.stopping")).toHaveLength(1);
    const ends = new Map(factsOfType(facts, "run.ended").map((fact) => [fact.runId, fact]));
    for (const { run } of runs)
      expect(["cancelled", "completed"], run.runId).toContain(ends.get(run.runId)?.outcome);
    for (const { run } of runs.slice(0, 1))
      expect(ends.get(run.runId)).toMatchObject({
        outcome: "cancelled",
        error: { code: "daemon_shutdown" },
      });
    const hasBegun = ({ runId }: Run): boolean =>
      factsOfType(facts, "run.started").some((fact) => fact.runId === runId);
    // What waits and may be kept goes on with the next daemon; what carries a secret may not, and is ended. Either may have had its turn before.
    expect(ends.has(waiting.run.runId)).toBe(hasBegun(waiting.run));
    expect(hasBegun(secretive.run) ? ["cancelled", "completed"] : ["cancelled"]).toContain(
      ends.get(secretive.run.runId)?.outcome,
    );
    expect(factsOfType(facts, "process.exited")).toHaveLength(
      factsOfType(facts, "process.started").length,
    );
    expect(await remaining(() => [...boxProcesses(box), ...processesAround(box)], 1000)).toEqual(
      [],
    );
  }
  console.log(`${ROUNDS} shutdowns took ${durations.join(", ")} ms`);
});
