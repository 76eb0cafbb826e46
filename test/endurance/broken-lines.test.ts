// The demo's run, its host cut off at random moments: what the host has in the end is what the journal holds, byte for byte.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { Harnessd } from "../../src/client/index.ts";
import type { Cursor } from "../../src/wire/events.ts";
import type { Run } from "../../src/wire/methods.ts";
import { type Box, DaemonProcess, makeBox } from "./daemon-process.ts";
import { FlakyLine } from "./flaky-line.ts";
import { factsOfType, parseFacts, readJournal } from "./journal-file.ts";
import { RawHost } from "./raw-host.ts";
import { Chance } from "./seeded.ts";
import { demoFiles, makeProject, startToldModel } from "./told-model.ts";

/** By hand, and as many with the client library. */
const RUNS_EACH = 100;
const RUNS_AT_ONCE = 6;
/** Of every run by hand; the client's lines are cut until their run has ended. */
const MOST_BREAKS = 5;
/** From one break to the next: short beside a run, so that breaks fall anywhere within it. */
const MOST_PAUSE_MS = 600;
const BREAKS_NEEDED = 200;
const BACKOFF = { baseMs: 10, maxMs: 100 };

interface Seen {
  readonly runId: string;
  /** The facts as they came. */
  readonly facts: readonly string[];
}

/** Carries out `count` of them, a few at a time. */
async function severalAtOnce<Result>(
  count: number,
  carryOut: (number: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++)
      results[number] = await carryOut(number);
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, work));
  return results;
}

function request(box: Box, key: string): Record<string, unknown> {
  return { key, prompt: "demo: mend the test", cwd: makeProject(box.workspace, key) };
}

function expectMended({ workspace }: Box, key: string): void {
  for (const [path, content] of Object.entries(demoFiles))
    expect(readFileSync(join(workspace, key, path), "utf8")).toBe(content);
}

/** Follows one run by hand; cuts its own socket, in one of three ways, until no break is left. */
async function followByHand(
  url: string,
  box: Box,
  key: string,
  chance: Chance,
): Promise<Seen & { breaks: number }> {
  const host = await RawHost.connect(url);
  const { run } = await host.ask<{ run: Run }>("run_start", request(box, key));
  const isOver = (): boolean => host.facts.some((fact) => fact.includes('"type":"run.ended"'));
  await host.subscribe(run.cursor, { runId: run.runId });
  let breaks = 0;
  for (; breaks < MOST_BREAKS; breaks++) {
    await Promise.race([delay(chance.between(0, MOST_PAUSE_MS)), host.until(isOver)]);
    if (isOver()) break;
    const how = chance.pick(["polite", "terminate", "reset"]);
    if (how === "polite") host.socket.close(1000);
    else if (how === "terminate") host.socket.terminate();
    else
      (
        host.socket as unknown as { _socket: { resetAndDestroy(): void } }
      )._socket.resetAndDestroy();
    await host.closed();
    await host.reconnect(url);
    await host.subscribe(run.cursor, { runId: run.runId });
  }
  await host.until(isOver);
  expect(host.gaps).toEqual([]);
  host.socket.close();
  return { runId: run.runId, facts: host.facts, breaks };
}

/** Follows one run with the client library, whose line is cut below it. */
async function followWithClient(
  url: string,
  box: Box,
  key: string,
  chance: Chance,
): Promise<Seen & { breaks: number }> {
  const line = await FlakyLine.to(url);
  const client = await Harnessd.connect({ url: line.url, backoff: BACKOFF });
  const done = new AbortController();
  const breaking = breakAtRandom(line, chance, done.signal);
  const handle = await client.run(request(box, key) as { prompt: string });
  const facts: string[] = [];
  for await (const event of handle) if (event.seq !== undefined) facts.push(JSON.stringify(event));
  done.abort();
  const { outcome } = await handle.result();
  expect(outcome).toBe("completed");
  const breaks = await breaking;
  await client.close();
  line.close();
  return { runId: handle.id, facts, breaks };
}

async function breakAtRandom(
  line: FlakyLine,
  chance: Chance,
  signal: AbortSignal,
): Promise<number> {
  for (let breaks = 0; ; breaks++) {
    await delay(chance.between(0, MOST_PAUSE_MS), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return breaks;
    line.break(chance.pick(["end", "reset"]));
  }
}

function factsByRun(journal: readonly string[]): Map<string, string[]> {
  const byRun = new Map<string, string[]>();
  for (const text of journal) {
    const { runId } = JSON.parse(text) as { runId?: string };
    if (runId === undefined) continue;
    const facts = byRun.get(runId) ?? [];
    facts.push(text);
    byRun.set(runId, facts);
  }
  return byRun;
}

test("runs whose hosts are cut off 200 times at random moments are seen whole, in order and byte for byte as the journal holds them", async () => {
  const chance = new Chance("broken lines");
  const box = makeBox();
  const daemon = new DaemonProcess(box, {
    flags: ["--max-runs", String(RUNS_AT_ONCE)],
    env: await startToldModel(),
  });
  const url = await daemon.url;
  const watcher = await RawHost.connect(url);
  const { cursor } = await watcher.ask<{ cursor: Cursor }>("daemon_info");
  await watcher.subscribe({ epoch: cursor.epoch, seq: 0 });
  const startedAt = performance.now();
  const seen = await severalAtOnce(2 * RUNS_EACH, (number) =>
    number % 2 === 0
      ? followByHand(url, box, `hand-${number}`, chance)
      : followWithClient(url, box, `client-${number}`, chance),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { code } = await daemon.stop();
  const journal = readJournal(box);
  const byRun = factsByRun(journal);
  // A client's events have been parsed: they are compared with the journal's, parsed and written again.
  const rewritten = (texts: readonly string[]): string[] =>
    texts.map((text) => JSON.stringify(JSON.parse(text)));
  for (const [number, { runId, facts }] of seen.entries()) {
    const expected = byRun.get(runId) ?? [];
    expect(facts, `run ${number}`).toEqual(number % 2 === 0 ? expected : rewritten(expected));
    expectMended(box, number % 2 === 0 ? `hand-${number}` : `client-${number}`);
  }
  const all = parseFacts(journal);
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
  expect(factsOfType(all, "run.ended").map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: 2 * RUNS_EACH }, () => "completed"),
  );
  expect(watcher.facts).toEqual(journal);
  expect([code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
  const breaks = seen.reduce((sum, each) => sum + each.breaks, 0);
  console.log(
    `${seen.length} runs, ${breaks} breaks, ${journal.length} facts in ${seconds.toFixed(1)} s`,
  );
  expect(breaks).toBeGreaterThanOrEqual(BREAKS_NEEDED);
});
