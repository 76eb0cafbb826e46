// The peer: rivet's sandbox-agent, a server in Rust, where `npm i sandbox-agent` (or SANDBOX_AGENT_BIN) has put it.
import { accessSync, constants } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readMemoryMb, temporaryDirectory, type TemporaryDirectory } from "./child.ts";

const READY_TIMEOUT_MS = 10_000;
export const HOW_TO_INSTALL =
  "sandbox-agent is not installed: npm i --no-save sandbox-agent (or set SANDBOX_AGENT_BIN)";

/** The program, or null where it is not installed. */
export function locateSandboxAgent(): string | null {
  return (
    [process.env["SANDBOX_AGENT_BIN"], inPackage()].find(
      (path) => path !== undefined && isExecutable(path),
    ) ?? null
  );
}

function inPackage(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `@sandbox-agent/cli-${process.platform}-${process.arch}/package.json`,
    );
    return join(dirname(manifest), "bin/sandbox-agent");
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Null where it is not installed. */
export async function startPeer(): Promise<SandboxAgent | null> {
  const program = locateSandboxAgent();
  return program === null ? null : await SandboxAgent.start(program);
}

export class SandboxAgent implements AsyncDisposable {
  readonly url: string;
  readonly readyMs: number;
  readonly #pid: number;
  readonly #end: () => Promise<void>;

  private constructor(url: string, readyMs: number, pid: number, end: () => Promise<void>) {
    this.url = url;
    this.readyMs = readyMs;
    this.#pid = pid;
    this.#end = end;
  }

  /** Ready when its health is answered: it says nothing by itself. */
  static async start(program: string): Promise<SandboxAgent> {
    const directory = await temporaryDirectory();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const started = performance.now();
    const child = spawn(
      program,
      ["server", "--port", String(port), "--no-token", "--no-telemetry"],
      {
        stdio: "ignore",
        cwd: directory.path,
        env: { ...process.env, HOME: directory.path, XDG_DATA_HOME: directory.path },
      },
    );
    const end = async (): Promise<void> => await ended(child, directory);
    await answered(`${url}/v1/health`, started);
    return new SandboxAgent(url, performance.now() - started, child.pid ?? 0, end);
  }

  async exec(command: string): Promise<unknown> {
    const body = JSON.stringify({ command: "bash", args: ["-c", command] });
    const response = await fetch(`${this.url}/v1/processes/run`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return await response.json();
  }

  fileUrl(path: string): URL {
    return new URL(`/v1/fs/file?path=${encodeURIComponent(path)}`, this.url);
  }

  residentMb(): number {
    return readMemoryMb(this.#pid, "VmRSS");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

async function ended(
  child: ReturnType<typeof spawn>,
  directory: TemporaryDirectory,
): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
  await directory[Symbol.asyncDispose]();
}

async function answered(url: string, started: number): Promise<void> {
  while (performance.now() - started < READY_TIMEOUT_MS) {
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`sandbox-agent did not answer at ${url} within ${READY_TIMEOUT_MS} ms`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
