// Measures, and prints: what many runs leave behind, and what the daemon adds to each program's own time.
//   node test/agents/soak.ts [--times] [HARNESS…]        with --times only the second
// Exits with 1 when something was left behind. Times depend on the machine, so they are told and not judged.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRequestInput } from "../../src/client/index.ts";
import { ScriptedModel, type ScriptStep } from "../scripted-model/scripted-model.ts";
import {
  bareClaudeCode,
  bareCodex,
  bareOpenCode,
  type BareAgent,
  type BareSurroundings,
  type Timing,
} from "./soak-bare.ts";
import { SoakBox, type Holdings } from "./soak-box.ts";
import { AGENTS_DIR, setup } from "./table-agents.ts";

interface Subject {
  readonly harness: string;
  /** With its provider. */
  readonly model: string;
  readonly bare?: (around: BareSurroundings) => Promise<BareAgent>;
  /** The program is warm for a session, and not for all. */
  readonly isWarmPerSession: boolean;
}

const SUBJECTS: readonly Subject[] = [
  { harness: "native", model: "anthropic/claude-sonnet-5-5", isWarmPerSession: false },
  {
    harness: "claude-code",
    model: "anthropic/claude-opus-5-5",
    bare: bareClaudeCode,
    isWarmPerSession: true,
  },
  { harness: "codex", model: "openai/gpt-5.5", bare: bareCodex, isWarmPerSession: false },
  {
    harness: "opencode",
    model: "anthropic/claude-sonnet-5-5",
    bare: bareOpenCode,
    isWarmPerSession: false,
  },
];

const RUNS = 100;
const AT_ONCE = 8;
const ROUNDS = 25;
/** A model's pace: a piece each 150 ms, the first one after as long. */
const PACE_MS = 150;
const ANSWER =
  "An answer of some length, so that its stream takes a while as the streams of real models do, and no less. ";
/** Warm programs may stay; more than these were left behind. */
const KEPT_PROCESSES = AT_ONCE + 1;
/** Connections that are kept open for a while after eight runs at once, at both ends of the gateway. */
const MAX_GROWTH_FDS = 5 * AT_ONCE;
const MAX_GROWTH_MB = 60;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const problems: string[] = [];

await setup();
const wanted = process.argv.slice(2).filter((argument) => argument !== "--times");
const isOnlyTimes = process.argv.includes("--times");
for (const subject of SUBJECTS.filter(
  ({ harness }) => wanted.length === 0 || wanted.includes(harness),
)) {
  const directory = await mkdtemp(join(tmpdir(), "soak-"));
  const model = await ScriptedModel.start();
  try {
    if (!isOnlyTimes) await measureLeftovers(subject, directory, model);
    await measureTimes(subject, directory, model);
  } finally {
    await model.close();
    await rm(directory, { recursive: true, force: true });
  }
}
for (const problem of problems) say(`LEFT BEHIND: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;

async function measureLeftovers(
  subject: Subject,
  directory: string,
  model: ScriptedModel,
): Promise<void> {
  const box = await SoakBox.open(join(directory, "many"), AGENTS_DIR, AT_ONCE);
  const steps: ScriptStep[] = [
    { calls: [{ intent: "shell", command: "sleep 300 > /dev/null 2>&1 & echo made > made.txt" }] },
    { text: "Made." },
  ];
  let count = 0;
  const run = async (): Promise<void> => {
    const { outcome, error } = await (
      await box.host.run(requestFor(subject, model, `many-${++count}`, steps))
    ).result();
    if (outcome !== "completed")
      problems.push(
        `${subject.harness}: run ${count} ${outcome}: ${error?.code} ${error?.message}`,
      );
  };
  say(`\n${subject.harness}\n${headline()}`);
  await run();
  const before = await box.holdings();
  say(line("after 1 run", before));
  for (let done = 0; done < RUNS; done++) await run();
  const inTurn = await box.holdings();
  say(line(`${RUNS} one after another`, inTurn));
  for (let done = 0; done < RUNS; done += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, run));
  const atOnce = await box.holdings();
  say(line(`${RUNS}, ${AT_ONCE} at once`, atOnce));
  const left = await box.close();
  say(
    `  after the daemon's end: ${left.survivors} processes, ${left.temporaryFiles} temporary files`,
  );
  judgeLeftovers(subject.harness, inTurn, atOnce, left);
}

function judgeLeftovers(
  harness: string,
  inTurn: Holdings,
  atOnce: Holdings,
  left: { survivors: number; temporaryFiles: number },
): void {
  const complain = (isWrong: boolean, what: string): void =>
    void (isWrong && problems.push(`${harness}: ${what}`));
  for (const held of [inTurn, atOnce])
    complain(held.processes > KEPT_PROCESSES, `${held.processes} processes`);
  complain(
    atOnce.daemonFds - inTurn.daemonFds > MAX_GROWTH_FDS,
    `${atOnce.daemonFds - inTurn.daemonFds} file descriptors`,
  );
  complain(
    atOnce.daemonMb - inTurn.daemonMb > MAX_GROWTH_MB,
    `${(atOnce.daemonMb - inTurn.daemonMb).toFixed(0)} MB in the daemon`,
  );
  complain(left.survivors > 0, `${left.survivors} processes after the daemon's end`);
  complain(
    left.temporaryFiles > 0,
    `${left.temporaryFiles} temporary files after the daemon's end`,
  );
}

function headline(): string {
  return `${"".padEnd(24)}${["processes", "ports", "daemon fds", "daemon MB", "agents MB", "state files", "tmp files"].map((each) => each.padStart(13)).join("")}`;
}

function line(title: string, held: Holdings): string {
  const { processes, listeningPorts, daemonFds, daemonMb, agentsMb, stateFiles, temporaryFiles } =
    held;
  const figures = [
    processes,
    listeningPorts,
    daemonFds,
    daemonMb.toFixed(0),
    agentsMb.toFixed(0),
    stateFiles,
    temporaryFiles,
  ];
  return `${`  ${title}`.padEnd(24)}${figures.map((each) => String(each).padStart(13)).join("")}`;
}

function requestFor(
  { harness, model: name }: Subject,
  model: ScriptedModel,
  script: string,
  steps: readonly ScriptStep[],
): RunRequestInput {
  const { anthropicBaseUrl, openaiBaseUrl } = model.script(script, steps);
  const provider = name.slice(0, name.indexOf("/"));
  const baseUrl = provider === "anthropic" ? anthropicBaseUrl : openaiBaseUrl;
  return {
    harness,
    model: name,
    prompt: "Do it.",
    providers: { [provider]: { apiKey: "soak-key", baseUrl } },
  };
}

/** The same turns by turns, with the daemon and without it, so that both meet the same machine. */
async function measureTimes(
  subject: Subject,
  directory: string,
  model: ScriptedModel,
): Promise<void> {
  if (!subject.bare) return;
  say(`\n${subject.harness}, its own time and ours`);
  for (const paceMs of [PACE_MS, 0]) {
    const name = `times-${subject.harness}-${paceMs}`;
    const steps: ScriptStep[] = [{ text: ANSWER, chunkDelayMs: paceMs, times: 10_000 }];
    const box = await SoakBox.open(join(directory, name), AGENTS_DIR, AT_ONCE);
    const script = model.script(`${name}-bare`, steps);
    const modelName = subject.model.slice(subject.model.indexOf("/") + 1);
    const bare = await subject.bare({
      agentsDir: AGENTS_DIR,
      directory: join(directory, name),
      model: modelName,
      script,
    });
    const request = requestFor(subject, model, name, steps);
    const first = await timeRun(box, request);
    await bare.turn("Do it.");
    const sessionId = subject.isWarmPerSession ? first.sessionId : undefined;
    const pairs: { readonly own: Timing; readonly ours: Timing }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const own = await bare.turn("Do it.");
      pairs.push({
        own,
        ours: await timeRun(box, sessionId === undefined ? request : { ...request, sessionId }),
      });
    }
    await bare.close();
    await box.close();
    tellTimes(paceMs, pairs);
  }
}

async function timeRun(
  box: SoakBox,
  request: RunRequestInput,
): Promise<Timing & { readonly sessionId: string }> {
  const begun = performance.now();
  const run = await box.host.run({ ...request, cwd: box.workspace });
  let firstTextMs = Number.NaN;
  for await (const event of run)
    if (event.type === "message.delta" && Number.isNaN(firstTextMs))
      firstTextMs = performance.now() - begun;
  return { firstTextMs, turnMs: performance.now() - begun, sessionId: run.run.sessionId };
}

function tellTimes(
  paceMs: number,
  pairs: readonly { readonly own: Timing; readonly ours: Timing }[],
): void {
  const pace =
    paceMs === 0
      ? "a model that answers at once"
      : `a model that takes ${paceMs} ms for each piece`;
  for (const [what, field] of [
    ["first text", "firstTextMs"] as const,
    ["whole turn", "turnMs"] as const,
  ]) {
    const own = pairs.map((pair) => pair.own[field]);
    const ours = pairs.map((pair) => pair.ours[field]);
    say(
      `  ${what}, ${pace}: median ${compared(median(own), median(ours))}; best ${compared(Math.min(...own), Math.min(...ours))}`,
    );
  }
}

function compared(own: number, ours: number): string {
  const added = ours - own;
  return `${own.toFixed(0)} ms bare, ${ours.toFixed(0)} ms with the daemon (+${added.toFixed(1)} ms, ${((100 * added) / own).toFixed(1)} %)`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
