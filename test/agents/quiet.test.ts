// Agents without a network: they want to reach nothing but their model, start as fast, and leave no files. Runs in network namespaces.
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { QuietReport } from "../fixtures/programs/quiet-runs.ts";

const PROGRAM = new URL("../fixtures/programs/quiet-runs.ts", import.meta.url).pathname;
const RUNS = "2";
/** A black hole that is waited for costs seconds; what a busy machine costs is let pass. */
const SLACK_MS = 500;
const SLOWEST_RATIO = 1.5;

const AGENTS = [
  ["native", "anthropic/claude-opus-5-5"],
  ["claude-code", "anthropic/claude-opus-5-5"],
  ["codex", "openai/gpt-5.5"],
  ["opencode", "anthropic/claude-opus-5-5"],
] as const;
type Agent = (typeof AGENTS)[number];

/** Needs to be root in a container that lets it make namespaces; skipped elsewhere. */
const canBeAlone =
  spawnSync("unshare", [
    "-n",
    "-m",
    "sh",
    "-c",
    "ip link set lo up && mount --bind /etc/hosts /etc/resolv.conf",
  ]).status === 0;

let directory = "";

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "names-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** With loopback and nothing else; names are asked of loopback, where the program listens for them. */
const ALONE = { nameServer: "127.0.0.1", routes: "true" };
/** All that is sent out vanishes without an answer. */
const BLACK_HOLE = { nameServer: "192.0.2.53", routes: "ip route add default dev lo" };

async function run(agent: Agent, network?: typeof ALONE): Promise<QuietReport> {
  const command = [process.execPath, PROGRAM, ...agent, RUNS];
  const { stdout } = await promisify(execFile)(...inNetwork(command, network));
  return JSON.parse(stdout) as QuietReport;
}

function inNetwork(
  [program = "", ...args]: string[],
  network: typeof ALONE | undefined,
): [string, string[]] {
  if (!network) return [program, args];
  const names = join(directory, network.nameServer);
  writeFileSync(names, `nameserver ${network.nameServer}\n`);
  const script = `ip link set lo up && ${network.routes} && mount --bind ${names} /etc/resolv.conf && exec "$@"`;
  return ["unshare", ["-n", "-m", "sh", "-c", script, "sh", program, ...args]];
}

test.runIf(canBeAlone).for(AGENTS)(
  "%s wants to reach nobody but its model, and leaves no file",
  { timeout: 180_000 },
  async (agent) => {
    const report = await run(agent, ALONE);
    expect(report).toMatchObject({ trapsWork: true, namesLookedUp: [], unroutablePackets: 0 });
    expect(new Set(report.outcomes)).toEqual(new Set(["completed"]));
    expect(report.temporaryFiles).toEqual([0, 0]);
    expect(report.stateFiles[1]).toBe(report.stateFiles[0]);
  },
);

test.runIf(canBeAlone).for(AGENTS)(
  "%s starts as fast where everything that is sent vanishes",
  { timeout: 240_000, retry: 2 },
  async (agent) => {
    const [online, offline] = [await run(agent), await run(agent, BLACK_HOLE)];
    expect(new Set(offline.outcomes)).toEqual(new Set(["completed"]));
    const [onlineMs, offlineMs] = [
      Math.min(...online.firstWordMs),
      Math.min(...offline.firstWordMs),
    ];
    console.log(
      `${agent[0]}: first word after ${onlineMs} ms online, ${offlineMs} ms in a black hole`,
    );
    expect(offlineMs).toBeLessThanOrEqual(SLOWEST_RATIO * onlineMs + SLACK_MS);
  },
);
