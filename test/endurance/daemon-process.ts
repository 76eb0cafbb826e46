// The real daemon as a process of its own: started, looked at from outside, ended in every way.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

const PROGRAM = resolve(import.meta.dirname, "../../src/bin.ts");
const KIB = 1024;

/** A directory with a state directory and a workspace in it, removed when the test ends. */
export interface Box {
  readonly base: string;
  readonly stateDir: string;
  readonly workspace: string;
}

export function makeBox(): Box {
  const base = mkdtempSync(join(tmpdir(), "harnessd-endurance-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));
  const box = { base, stateDir: join(base, "state"), workspace: join(base, "workspace") };
  mkdirSync(box.workspace);
  return box;
}

export interface LogLine {
  readonly level: string;
  readonly msg?: string;
}

export interface DaemonOptions {
  /** Beside state directory, workspace and log level; `--port` is 0 where it is not among them. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class DaemonProcess {
  readonly logLines: LogLine[] = [];
  /** Written to standard error, and no log: a crash. */
  readonly stray: string[] = [];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #url: Promise<string>;

  constructor(box: Box, { flags = [], env = {} }: DaemonOptions = {}) {
    const port = flags.includes("--port") ? [] : ["--port", "0"];
    const args = [
      PROGRAM,
      "serve",
      "--state-dir",
      box.stateDir,
      "--workspace",
      box.workspace,
      "--log-level",
      "info",
      ...port,
      ...flags,
    ];
    const { PATH = "" } = process.env;
    this.#child = spawn(process.execPath, args, {
      env: { PATH, HOME: box.base, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exited = once(this.#child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
    createInterface({ input: this.#child.stderr! }).on("line", (line) => this.#read(line));
    const lines = createInterface({ input: this.#child.stdout! });
    this.#url = new Promise((resolve, reject) => {
      lines.once("line", (line) => resolve((JSON.parse(line) as { url: string }).url));
      lines.once("close", () =>
        reject(
          new Error(
            `The daemon ended before it listened: ${this.stray.join("\n")} ${JSON.stringify(this.errors)}`,
          ),
        ),
      );
    });
    this.#url.catch(() => undefined);
    onTestFinished(() => void this.#child.kill("SIGKILL"));
  }

  /** Resolves when it says that it listens; rejects when it ends before. */
  get url(): Promise<string> {
    return this.#url;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it complained of. */
  get errors(): LogLine[] {
    return this.logLines.filter(({ level }) => level === "error");
  }

  /** Bytes of memory that it holds now, and the most that it ever held. */
  memory(): { now: number; peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const of = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * KIB;
    return { now: of("VmRSS"), peak: of("VmHWM") };
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  /** SIGTERM, and how it ended. */
  async stop(): Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
    durationMs: number;
  }> {
    const startedAt = performance.now();
    this.#child.kill("SIGTERM");
    return { ...(await this.exited), durationMs: performance.now() - startedAt };
  }

  #read(line: string): void {
    try {
      this.logLines.push(JSON.parse(line) as LogLine);
    } catch {
      this.stray.push(line);
    }
  }
}

/** A port that was free a moment ago, for a daemon that must be found again after a restart. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
