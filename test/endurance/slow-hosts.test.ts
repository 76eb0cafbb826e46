// Two hundred thousand facts to many hosts, of which half never read and one loses its line again and again.
import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { agentDirectory, agentProgram, describeMachine } from "../../harnesses/agent-programs.ts";
import { Harnessd } from "../../src/client/index.ts";
import type { Cursor } from "../../src/wire/events.ts";
import type { Run } from "../../src/wire/methods.ts";
import { type Box, DaemonProcess, makeBox } from "./daemon-process.ts";
import { readJournal } from "./journal-file.ts";
import { RawHost } from "./raw-host.ts";
import { Chance } from "./seeded.ts";
import { makeProject, startToldModel } from "./told-model.ts";

const MIB = 1024 * 1024;
const RUNS = 8;
const LINES_EACH = 25_000;
const READERS = 10;
const DEAF = 10;
const MOST_GROWTH = 160 * MIB;

/** An agent that says a great deal: each line that nobody understands is a fact. */
const TALKER = `#!${process.execPath}
let said = 0;
const text = "x".repeat(80);
function talk() {
  while (said < ${LINES_EACH}) if (!process.stdout.write(JSON.stringify({ type: "talk", n: said++, text }) + "\\n")) return process.stdout.once("drain", talk);
  process.stdout.end(() => process.exit(0));
}
process.stdin.once("data", talk);
`;

/** In the place where Claude Code would be installed; its directory of agents. */
async function installTalker({ base }: Box): Promise<string> {
  const agentsDir = join(base, "agents");
  const program = agentProgram("claude-code");
  const directory = join(
    agentDirectory(agentsDir, program),
    "node_modules",
    program.packagesFor(await describeMachine())[0]!.name,
  );
  mkdirSync(directory, { recursive: true });
  const path = join(directory, ...program.binary);
  writeFileSync(path, TALKER);
  chmodSync(path, 0o755);
  return agentsDir;
}

/** A sum over the facts in place of the facts themselves. */
function sumUp(host: RawHost): Hash {
  const sum = createHash("sha256");
  host.onFact = (fact) => void sum.update(fact);
  return sum;
}

test("200,000 facts come whole to every host that reads, while as many others never read, in bounded memory", async () => {
  const box = makeBox();
  const flags = ["--agents-dir", await installTalker(box), "--max-runs", String(RUNS)];
  const daemon = new DaemonProcess(box, { flags, env: await startToldModel() });
  const url = await daemon.url;
  const hosts = await Promise.all(
    Array.from({ length: READERS + DEAF }, () => RawHost.connect(url)),
  );
  const [host] = hosts as [RawHost];
  const { cursor } = await host.ask<{ cursor: Cursor }>("daemon_info");
  const sums = new Map(hosts.map((each) => [each, sumUp(each)]));
  for (const each of hosts) await each.subscribe({ epoch: cursor.epoch, seq: 0 });
  const [readers, deaf] = [hosts.slice(0, READERS), hosts.slice(READERS)];
  for (const each of deaf) each.socket.pause();
  const before = daemon.memory();
  const startedAt = performance.now();
  const runs = await Promise.all(
    Array.from({ length: RUNS }, (_, n) =>
      host.ask<{ run: Run }>("run_start", {
        harness: "claude-code",
        prompt: "Talk.",
        cwd: makeProject(box.workspace, `talk-${n}`),
      }),
    ),
  );
  for (const { run } of runs) await host.ask("run_wait", { runId: run.runId, waitMs: 200_000 });
  const { cursor: head } = await host.ask<{ cursor: Cursor }>("daemon_info");
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.all(readers.map((each) => each.until(() => each.lastSeq >= head.seq)));
  const growth = daemon.memory().peak - before.now;
  console.log(
    `${head.seq} facts to ${READERS} readers and ${DEAF} deaf hosts in ${seconds.toFixed(1)} s; the daemon grew by ${(growth / MIB).toFixed(1)} MiB`,
  );
  expect(head.seq).toBeGreaterThan(RUNS * LINES_EACH);
  expect(growth).toBeLessThan(MOST_GROWTH);
  // One of the deaf begins to read after all, and finds everything.
  const [late] = deaf as [RawHost];
  late.socket.resume();
  await late.until(() => late.lastSeq >= head.seq);
  for (const each of deaf.slice(1)) each.socket.terminate();
  expect([(await daemon.stop()).code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
  const expected = createHash("sha256").update(readJournal(box).join("")).digest("hex");
  for (const each of [...readers, late]) {
    expect(each.gaps).toEqual([]);
    expect(sums.get(each)?.digest("hex")).toBe(expected);
  }
});

test("a host that is dialled and drops the line at random gets every fact, once and in order", async () => {
  const chance = new Chance("dial-out");
  const box = makeBox();
  const door = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => door.close());
  await once(door, "listening");
  const address = door.address() as { port: number };
  const arrived = Promise.withResolvers<Harnessd>();
  let connecting: Promise<Harnessd> | undefined;
  let current: WebSocket | undefined;
  door.on("connection", (socket) => {
    current = socket;
    if (connecting) void connecting.then((each) => each.adopt(socket));
    else {
      connecting = Harnessd.accept(socket, { backoff: { baseMs: 5, maxMs: 50 } });
      connecting.then(arrived.resolve, arrived.reject);
    }
  });
  const env = await startToldModel();
  const daemon = new DaemonProcess(box, {
    flags: ["--connect", `ws://127.0.0.1:${address.port}`],
    env,
  });
  await daemon.url;
  const client = await arrived.promise;
  const facts: string[] = [];
  const stop = new AbortController();
  const following = (async () => {
    for await (const event of client.events({
      after: { epoch: client.info.cursor.epoch, seq: 0 },
      signal: stop.signal,
    }))
      if (event.seq !== undefined) facts.push(JSON.stringify(event));
  })();
  let breaks = 0;
  const over = new AbortController();
  const breaking = (async () => {
    while (!over.signal.aborted) {
      await delay(chance.between(50, 600));
      if (over.signal.aborted || !current || current.readyState !== current.OPEN) continue;
      if (chance.next() < 0.5) current.terminate();
      else current.close(1001);
      breaks++;
    }
  })();
  const handles = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      client.run({
        key: `demo-${n}`,
        prompt: "demo: mend the test",
        cwd: makeProject(box.workspace, `demo-${n}`),
      }),
    ),
  );
  const ends = await Promise.all(handles.map((handle) => handle.result()));
  over.abort();
  await breaking;
  const { cursor } = await client.call("daemon_info");
  while ((JSON.parse(facts.at(-1) ?? "{}") as { seq?: number }).seq !== cursor.seq) await delay(20);
  stop.abort();
  await following;
  await client.close();
  console.log(`${breaks} breaks, ${facts.length} facts`);
  expect(ends.map(({ outcome }) => outcome)).toEqual(ends.map(() => "completed"));
  expect(breaks).toBeGreaterThan(1);
  expect([(await daemon.stop()).code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
  const journal = readJournal(box).map((text) => JSON.stringify(JSON.parse(text)));
  expect(facts).toEqual(journal.slice(0, facts.length));
});
