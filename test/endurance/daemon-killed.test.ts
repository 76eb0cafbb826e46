// The daemon killed at random moments of its whole life: what a host saw is there, nothing is there twice, nothing is left running.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Cursor, Fact } from "../../src/wire/events.ts";
import type { Run } from "../../src/wire/methods.ts";
import { type Box, DaemonProcess, freePort, makeBox } from "./daemon-process.ts";
import { damagedJournals, factsOfType, parseFacts, readJournal } from "./journal-file.ts";
import { boxProcesses, isAlive, processesAround, remaining } from "./leftovers.ts";
import { RawHost } from "./raw-host.ts";
import { Chance } from "./seeded.ts";
import { makeProject, startToldModel, type Tale } from "./told-model.ts";

/** Each lane is a state directory whose daemons are killed one after the other. */
const LANES = 2;
const LIVES = 25;
/** A start takes about this long: some daemons do not live to see its end. */
const START_MS = 700;
const MOST_LIFE_MS = 1500;
const MAX_RUNS = 3;
const FIRST_STARTS = 16;
const TALES: readonly Tale[] = [
  "demo",
  "demo",
  "orphan",
  "orphan",
  "stream",
  "stall",
  "forever",
  "git",
  "git",
  "stubborn",
];
/** What the last daemon is given ends by itself. */
const LAST_TALES: readonly Tale[] = ["demo", "orphan", "stream", "git"];

class Lane {
  readonly box: Box;
  readonly #url: string;
  readonly #options: { flags: readonly string[]; env: Record<string, string> };
  readonly #chance: Chance;
  /** What each key was answered with; null while no answer has come. */
  readonly runs = new Map<string, string | null>();
  readonly requests = new Map<string, Record<string, unknown>>();
  #host: RawHost | undefined;
  #begun = 0;
  killedWhileStarting = 0;

  constructor(box: Box, port: number, env: Record<string, string>, chance: Chance) {
    this.box = box;
    this.#url = `ws://127.0.0.1:${port}`;
    this.#options = { flags: ["--port", String(port), "--max-runs", String(MAX_RUNS)], env };
    this.#chance = chance;
  }

  /** One life: started, given work, killed. */
  async live(): Promise<void> {
    const before = boxProcesses(this.box);
    const daemon = new DaemonProcess(this.box, this.#options);
    if (this.#chance.next() < 0.25) {
      await delay(this.#chance.between(0, START_MS));
      await daemon.kill();
      this.killedWhileStarting++;
      return;
    }
    await daemon.url;
    expect(before.filter(isAlive), "left over from the life before").toEqual([]);
    expect(daemon.errors).toEqual([]);
    const death = this.#dieAtRandom(daemon);
    await this.#work(this.#chance.between(1, 4), TALES);
    await death;
  }

  /** The last life: all that is open is closed, and the daemon ends in peace. */
  async end(): Promise<RawHost> {
    const daemon = new DaemonProcess(this.box, this.#options);
    await daemon.url;
    await this.#work(3, LAST_TALES);
    const host = this.#host!;
    await this.#waitForEnds(host);
    const { code } = await daemon.stop();
    await host.closed();
    expect([code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
    expect(
      await remaining(() => [...boxProcesses(this.box), ...processesAround(this.box)], 3000),
    ).toEqual([]);
    return host;
  }

  async #waitForEnds(host: RawHost): Promise<void> {
    for (const [key, runId] of this.runs) {
      for (;;) {
        const { run } = await host.ask<{ run: Run }>("run_wait", { runId, waitMs: 500 });
        if (run.state === "ended") break;
        // Those without an end of their own, which waited in the queue while all before them were killed.
        if (run.state === "running" && /stall|forever/.test(key))
          await host.ask("run_cancel", { runId });
      }
    }
  }

  async #dieAtRandom(daemon: DaemonProcess): Promise<void> {
    const how = this.#chance.pick(["time", "time", "fact"]);
    const after = (this.#host?.facts.length ?? 0) + this.#chance.between(1, 25);
    const lifeMs = this.#chance.between(0, MOST_LIFE_MS);
    // In the very turn in which a fact has come: the daemon is often still about to commit the next ones.
    if (how === "fact" && this.#host)
      await Promise.race([
        delay(MOST_LIFE_MS),
        this.#host.until(() => this.#host!.facts.length >= after),
      ]);
    else await delay(lifeMs);
    await daemon.kill();
  }

  async #work(count: number, tales: readonly Tale[]): Promise<void> {
    if (this.#host) await this.#host.reconnect(this.#url);
    else this.#host = await RawHost.connect(this.#url);
    const host = this.#host;
    const cursor = (await host.call("daemon_info"))?.result?.["cursor"] as Cursor | undefined;
    if (!cursor) return;
    await host.subscribe({ epoch: cursor.epoch, seq: 0 });
    for (let n = 0; n < count; n++) this.#invent(this.#chance.pick(tales));
    // Keys that were answered before are asked about again: they must stand for the same runs.
    const starts = [...this.requests].map(([key, request]) => this.#start(host, key, request));
    const command = "setsid sleep 987 & exec sleep 986";
    await Promise.all([...starts, host.call("shell_start", { command })]);
  }

  #invent(tale: Tale): void {
    const key = `${tale}-${++this.#begun}`;
    // One repository for them all: a lock that a kill left would be in the way of the next.
    const cwd = makeProject(this.box.workspace, tale === "git" ? "git" : key);
    const request = { key, prompt: `${tale}: go on`, cwd };
    const carriesEnvironment = this.#chance.next() < 0.15;
    this.requests.set(
      key,
      carriesEnvironment
        ? { ...request, env: { SECRET_OF_THE_HOST: "not for the disk" } }
        : request,
    );
    this.runs.set(key, null);
  }

  async #start(host: RawHost, key: string, request: Record<string, unknown>): Promise<void> {
    const answer = await host.call("run_start", request);
    if (!answer) return;
    const { run, replayed } = answer.result as unknown as { run: Run; replayed: boolean };
    const known = this.runs.get(key);
    if (known)
      expect({ runId: run.runId, replayed }, key).toEqual({ runId: known, replayed: true });
    this.runs.set(key, run.runId);
  }
}

function expectTrueRecord(
  { box, runs, requests }: Lane,
  host: RawHost,
): { outcomes: Record<string, number>; facts: number } {
  const journal = readJournal(box);
  expect(damagedJournals(box)).toEqual([]);
  expect(gitLeftovers(box)).toEqual([]);
  expect(host.gaps).toEqual([]);
  expect(host.facts).toEqual(journal);
  const facts = parseFacts(journal);
  expect(facts.map(({ seq }) => seq)).toEqual(facts.map((_, index) => index + 1));
  expect(new Set(facts.map(({ epoch }) => epoch)).size).toBe(1);
  const starts = factsOfType(facts, "daemon.started");
  expect(starts.slice(1).map(({ previous }) => previous)).toEqual(
    starts.slice(1).map(() => "crashed"),
  );
  expectClosedProcesses(facts);
  const queued = factsOfType(facts, "run.queued");
  expect(new Set(queued.map(({ runId }) => runId))).toEqual(new Set(runs.values()));
  expect(queued.length).toBe(runs.size);
  const outcomes: Record<string, number> = {};
  for (const [key, runId] of runs) {
    const outcome = expectTrueEnd(
      key,
      facts.filter((fact) => fact.runId === runId),
      starts,
      "env" in requests.get(key)!,
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { outcomes, facts: facts.length };
}

/** Locks, and indexes of runs that are over, in the workspace's repositories and in the daemon's own. */
function gitLeftovers({ base }: Box): string[] {
  return readdirSync(base, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\/\.git\/.*\.lock$|workspaces\/.*(\.lock$|index-)/.test(path),
  );
}

function expectClosedProcesses(facts: readonly Fact[]): void {
  const ids = (type: "process.started" | "process.exited"): (string | undefined)[] =>
    factsOfType(facts, type)
      .map(({ processId }) => processId)
      .toSorted((a, b) => ((a ?? "") < (b ?? "") ? -1 : 1));
  expect(ids("process.exited")).toEqual(ids("process.started"));
}

/** The outcome says what happened: `unknown` exactly when a daemon died between the run's start and its end. */
function expectTrueEnd(
  key: string,
  facts: readonly Fact[],
  starts: readonly Fact[],
  carriesEnvironment: boolean,
): string {
  const [ended, ...more] = factsOfType(facts, "run.ended");
  const [started, ...again] = factsOfType(facts, "run.started");
  expect([ended === undefined, more, again], key).toEqual([false, [], []]);
  expect(facts.at(-1), key).toBe(ended);
  const { outcome, error, usage } = ended!;
  const diedBetween = (from: number): boolean =>
    starts.some(({ seq }) => seq > from && seq < ended!.seq);
  if (started && diedBetween(started.seq))
    expect([outcome, error?.code], key).toEqual(["unknown", "daemon_crashed"]);
  else if (!started)
    expect([outcome, error?.code, carriesEnvironment], key).toEqual([
      "failed",
      "not_restartable",
      true,
    ]);
  else if (/stall|forever/.test(key))
    expect([outcome, error?.code], key).toEqual(["cancelled", "cancelled"]);
  else expect([outcome, error], key).toEqual(["completed", null]);
  if (outcome === "completed" && key.startsWith("git"))
    expect(factsOfType(facts, "tool.finished")[0]?.output, key).toMatchObject({ exitCode: 0 });
  const used = factsOfType(facts, "usage").reduce((sum, { inputTokens }) => sum + inputTokens, 0);
  expect(usage.inputTokens, key).toBe(used);
  const calls = (type: "tool.started" | "tool.finished"): string[] =>
    factsOfType(facts, type)
      .map(({ toolCallId }) => toolCallId)
      .toSorted();
  expect(calls("tool.finished"), key).toEqual(calls("tool.started"));
  expect(
    factsOfType(facts, "notice").filter(({ code }) => code === "changes_unseen"),
    key,
  ).toEqual([]);
  return outcome;
}

test("a daemon killed 50 times at random moments loses no fact that a host saw, doubles none, and leaves no process and no run without a true end", async () => {
  const chance = new Chance("daemon killed");
  const env = await startToldModel();
  const lanes = await Promise.all(
    Array.from({ length: LANES }, async () => new Lane(makeBox(), await freePort(), env, chance)),
  );
  const startedAt = performance.now();
  const records = await Promise.all(
    lanes.map(async (lane) => {
      for (let life = 0; life < LIVES; life++) await lane.live();
      return expectTrueRecord(lane, await lane.end());
    }),
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const starting = lanes.reduce((sum, lane) => sum + lane.killedWhileStarting, 0);
  console.log(
    `${LANES * LIVES} kills, ${starting} while starting, in ${seconds} s: ${JSON.stringify(records)}`,
  );
});

test("a daemon killed while it makes its first journal leaves nothing that its successor takes for damage", async () => {
  const chance = new Chance("first start killed");
  const killOne = async (): Promise<void> => {
    const box = makeBox();
    const first = new DaemonProcess(box);
    while (!existsSync(join(box.stateDir, "journal"))) await delay(1);
    await delay(chance.between(0, 30));
    await first.kill();
    const second = new DaemonProcess(box);
    await second.url;
    expect(second.errors).toEqual([]);
    expect((await second.stop()).code).toBe(0);
    expect(damagedJournals(box)).toEqual([]);
  };
  for (let round = 0; round < FIRST_STARTS / LANES; round++)
    await Promise.all(Array.from({ length: LANES }, killOne));
});
