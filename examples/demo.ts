// The main job, shown: a real daemon, a host that connects to it over the WebSocket, and a run that mends a failing test.
// Without a key the model is a scripted one on loopback; everything else is the real thing. With ANTHROPIC_API_KEY or
// OPENAI_API_KEY set, the model is real too.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Renderer } from "../src/cli/render.ts";
import { Harnessd } from "../src/client/index.ts";
import type { RunRequestInput } from "../src/wire/methods.ts";
import { ScriptedModel } from "../test/scripted-model/scripted-model.ts";
import { fixTheTest } from "../test/scripted-model/stories.ts";

type ModelChoice = Pick<RunRequestInput, "model" | "providers">;

const PROGRAM = resolve(import.meta.dirname, "../src/bin.ts");
const say = (text: string): void => console.log(`\n— ${text}`);

const story = fixTheTest();
const directory = await mkdtemp(join(tmpdir(), "harnessd-demo-"));
const workspace = join(directory, "workspace");
for (const [path, content] of Object.entries(story.files)) {
  await mkdir(dirname(join(workspace, path)), { recursive: true });
  await writeFile(join(workspace, path), content);
}
say(`A fresh workspace with a failing test: ${workspace} (${Object.keys(story.files).join(", ")})`);

const scripted = await ScriptedModel.start();
const choice = chooseModel();
const daemon = spawn(
  process.execPath,
  [
    PROGRAM,
    "serve",
    "--port",
    "0",
    "--state-dir",
    join(directory, "state"),
    "--workspace",
    workspace,
    "--log-level",
    "warn",
  ],
  {
    stdio: ["ignore", "pipe", "inherit"],
  },
);
try {
  const url = await addressOf(daemon);
  say(`The daemon serves ${url}. A host connects to it and starts a run.`);
  const box = await Harnessd.connect({ url });
  const run = await box.run({ prompt: story.prompt, harness: "native", ...choice });
  const renderer = new Renderer((text) => process.stdout.write(text), process.stdout.isTTY);
  for await (const event of run) renderer.show(event);
  const check = await box.tools.shell_exec({ command: "node sum.test.mjs" });
  say(
    `The host runs the test itself: ${check.stdout.trim() || check.stderr.trim()} (exit ${check.exitCode})`,
  );
  const { outcome } = await run.result();
  await box.close();
  process.exitCode = outcome === "completed" && check.exitCode === 0 ? 0 : 1;
} finally {
  await ended(daemon);
  await scripted.close();
  await rm(directory, { recursive: true, force: true });
}

function chooseModel(): ModelChoice {
  if (process.env["ANTHROPIC_API_KEY"]) return named("anthropic/claude-sonnet-5-5");
  if (process.env["OPENAI_API_KEY"]) return named("openai/gpt-5.5");
  say(
    "No ANTHROPIC_API_KEY or OPENAI_API_KEY is set: the MODEL IS SCRIPTED, a server on loopback that plays a fixed story. All else is real.",
  );
  const steps = story.steps.map((step) => Object.assign({ chunkDelayMs: 15 }, step)); // at the pace of a model
  const { anthropicBaseUrl } = scripted.script("demo", steps);
  return {
    model: "anthropic/claude-sonnet-5-5",
    providers: { anthropic: { apiKey: "scripted-model-needs-no-key", baseUrl: anthropicBaseUrl } },
  };
}

function named(model: string): ModelChoice {
  say(`The model is the real ${model}.`);
  return { model };
}

async function addressOf(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<string> {
  for await (const line of createInterface({ input: child.stdout }))
    return (JSON.parse(line) as { url: string }).url;
  throw new Error("The daemon ended before it said where it listens");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await exited;
}
