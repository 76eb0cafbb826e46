// A daemon in a process of its own, and what it and its agents hold: processes, ports, files, memory.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Harnessd } from "../../src/client/index.ts";

/** What there is at one moment; everything that a run could leave behind. */
export interface Holdings {
  /** Of the daemon and all that it started. */
  readonly processes: number;
  readonly listeningPorts: number;
  /** Of the daemon alone. */
  readonly daemonFds: number;
  readonly daemonMb: number;
  /** Of the agents' programs together. */
  readonly agentsMb: number;
  /** Below the state directory. */
  readonly stateFiles: number;
  readonly temporaryFiles: number;
}

const PROGRAM = resolve(import.meta.dirname, "../../src/bin.ts");
const BYTES_PER_MB = 1024 * 1024;
const PAGE_BYTES = 4096;

export class SoakBox {
  readonly directory: string;
  readonly workspace: string;
  readonly host: Harnessd;
  readonly #daemon: ChildProcess;

  private constructor(directory: string, daemon: ChildProcess, host: Harnessd) {
    this.directory = directory;
    this.workspace = join(directory, "workspace");
    this.#daemon = daemon;
    this.host = host;
  }

  static async open(directory: string, agentsDir: string, maxRuns: number): Promise<SoakBox> {
    const [workspace, temporary] = [join(directory, "workspace"), join(directory, "tmp")];
    await Promise.all([
      mkdir(workspace, { recursive: true }),
      mkdir(temporary, { recursive: true }),
    ]);
    const args = [
      "serve",
      "--port",
      "0",
      "--state-dir",
      join(directory, "state"),
      "--workspace",
      workspace,
    ];
    const daemon = spawn(
      process.execPath,
      [PROGRAM, ...args, "--max-runs", String(maxRuns), "--log-level", "error"],
      {
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          PATH: process.env["PATH"],
          HOME: directory,
          TMPDIR: temporary,
          HARNESSD_AGENTS_DIR: agentsDir,
        },
      },
    );
    for await (const line of createInterface({ input: daemon.stdout })) {
      const { url } = JSON.parse(line) as { url: string };
      return new SoakBox(directory, daemon, await Harnessd.connect({ url }));
    }
    throw new Error("The daemon ended before it said where it listens");
  }

  get pid(): number {
    return this.#daemon.pid ?? 0;
  }

  async holdings(): Promise<Holdings> {
    const pids = await this.#pids();
    const agents = pids.filter((pid) => pid !== this.pid);
    const memory = await Promise.all(agents.map(residentBytes));
    return {
      processes: pids.length,
      listeningPorts: await listeningPortsOf(pids),
      daemonFds: (await namesIn(`/proc/${this.pid}/fd`)).length,
      daemonMb: (await residentBytes(this.pid)) / BYTES_PER_MB,
      agentsMb: memory.reduce((sum, each) => sum + each, 0) / BYTES_PER_MB,
      stateFiles: await countFiles(join(this.directory, "state")),
      temporaryFiles: await countFiles(join(this.directory, "tmp")),
    };
  }

  /** Ends the daemon as a user would; then what still lives or lies about. */
  async close(): Promise<{ readonly survivors: number; readonly temporaryFiles: number }> {
    await this.host.close();
    const exited = new Promise((done) => this.#daemon.once("exit", done));
    this.#daemon.kill("SIGTERM");
    await exited;
    return {
      survivors: (await this.#pids()).length,
      temporaryFiles: await countFiles(join(this.directory, "tmp")),
    };
  }

  /** Everything whose environment, working directory or program's arguments name the box's directory; the daemon with it. */
  async #pids(): Promise<number[]> {
    const pids = (await namesIn("/proc"))
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid);
    const isOurs = await Promise.all(
      pids.map(async (pid) => {
        const texts = await Promise.all(
          [readFile(`/proc/${pid}/environ`, "utf8"), readlink(`/proc/${pid}/cwd`)].map((each) =>
            each.catch(() => ""),
          ),
        );
        return texts.some((text) => text.includes(this.directory));
      }),
    );
    return pids.filter((_, index) => isOurs[index]);
  }
}

async function residentBytes(pid: number): Promise<number> {
  const pages = (await readFile(`/proc/${pid}/statm`, "utf8").catch(() => "0 0")).split(" ")[1];
  return Number(pages) * PAGE_BYTES;
}

async function listeningPortsOf(pids: readonly number[]): Promise<number> {
  const LISTEN = "0A";
  const lines = (await readFile("/proc/net/tcp", "utf8"))
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const listening = new Set(
    lines.filter((fields) => fields[3] === LISTEN).map((fields) => `socket:[${fields[9]}]`),
  );
  const held = await Promise.all(
    pids.map(async (pid) => {
      const fds = await namesIn(`/proc/${pid}/fd`);
      return Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
    }),
  );
  return new Set(held.flat().filter((target) => listening.has(target))).size;
}

async function countFiles(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const isFile = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        (found) => !found.isDirectory(),
        () => false,
      ),
    ),
  );
  return isFile.filter(Boolean).length;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
