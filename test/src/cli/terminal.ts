// A person's terminal for tests: a workspace, a scripted model, a daemon, and the program as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { ScriptStep } from "../../scripted-model/script.ts";
import { ScriptedModel } from "../../scripted-model/scripted-model.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const PROGRAM = join(ROOT, "src/bin.ts");
/** What Node makes of the sources, kept: a start takes half the time. */
export const COMPILE_CACHE = join(ROOT, "node_modules/.cache/compiled-sources");

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line of stdout that holds the text. */
  line(text: string): Promise<string>;
}

export interface HarnessdOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export class Terminal implements AsyncDisposable {
  readonly base: string;
  readonly model: ScriptedModel;
  #daemon: Started | undefined;

  private constructor(base: string, model: ScriptedModel) {
    this.base = base;
    this.model = model;
  }

  static async open(steps: readonly ScriptStep[] = [{ text: "All done." }]): Promise<Terminal> {
    const model = await ScriptedModel.start();
    const terminal = new Terminal(mkdtempSync(join(tmpdir(), "harnessd-terminal-")), model);
    terminal.#baseUrl = model.script("terminal", steps).anthropicBaseUrl;
    return terminal;
  }

  #baseUrl = "";

  /** Starts the daemon that further commands find by the state directory. */
  async serve(...args: string[]): Promise<void> {
    this.#daemon = this.start(["serve", "--port", "0", "--log-level", "warn", ...args]);
    await this.#daemon.line("listening");
  }

  async stopDaemon(): Promise<void> {
    this.#daemon?.child.kill("SIGTERM");
    await this.#daemon?.ended;
    this.#daemon = undefined;
  }

  start(args: readonly string[], { input, cwd, env }: HarnessdOptions = {}): Started {
    const { PATH } = process.env;
    const own = {
      PATH,
      HOME: this.base,
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      HARNESSD_STATE_DIR: join(this.base, ".state"),
      HARNESSD_WORKSPACE: this.base,
      ANTHROPIC_API_KEY: "sk-for-tests-only",
      ANTHROPIC_BASE_URL: this.#baseUrl,
    };
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      cwd: cwd ?? this.base,
      env: { ...own, ...env },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    child.stdin?.end(input);
    return startedOf(child);
  }

  run(args: readonly string[], options?: HarnessdOptions): Promise<Ended> {
    return this.start(args, options).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopDaemon();
    await this.model.close();
    rmSync(this.base, { recursive: true, force: true, maxRetries: 5 });
  }
}

function startedOf(child: ChildProcess): Started {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let [stdout, stderr] = ["", ""];
  const wake = (): void => {
    for (const each of waiting) each();
  };
  child.stdout?.on("data", (bytes) => (stdout += String(bytes)));
  child.stderr?.on("data", (bytes) => (stderr += String(bytes)));
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => (lines.push(line), wake()));
  const ended = new Promise<Ended>((done) => {
    child.once("close", (status) => (done({ status, stdout, stderr }), wake()));
  });
  return {
    child,
    ended,
    line: (text) =>
      new Promise((found, failed) => {
        const look = (): void => {
          const line = lines.find((each) => each.includes(text));
          if (line === undefined && child.exitCode === null) return;
          waiting.delete(look);
          if (line === undefined) failed(new Error(`No ${text} in: ${stdout}${stderr}`));
          else found(line);
        };
        waiting.add(look);
        look();
      }),
  };
}
