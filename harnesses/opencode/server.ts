// One `opencode serve`: its life, its requests and its stream of events.
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as delay } from "node:timers/promises";
import { requireAgent } from "../agent-programs.ts";
import { HarnessError } from "../harness.ts";
import type { HarnessContext } from "../harness.ts";
import type { PipedProcess } from "../../tools/machinery/process/process.ts";
import type { SessionAccess } from "./box-plugin.ts";
import { Directories } from "./directories.ts";
import { readEvents } from "./event-stream.ts";
import { prepareInstallation } from "./installation.ts";
import type { Installation, KnownModel } from "./installation.ts";
import { McpServers } from "./mcp-servers.ts";
import type { ServerEvent } from "./protocol.ts";

const START_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 60_000;
const DISPOSE_TIMEOUT_MS = 1500;
const STOP_GRACE_MS = 500;
const MAX_STARTS = 3;
const MAX_KEPT_OUTPUT = 4000;

interface Call {
  readonly directory?: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export class OpenCodeServer {
  readonly installation: Installation;
  readonly mcp = new McpServers();
  readonly directories = new Directories(async (directory) => {
    await this.call("POST", "/instance/dispose", {
      directory,
      timeoutMs: DISPOSE_TIMEOUT_MS,
    }).catch(() => {}); // costs memory only
  });
  readonly #process: PipedProcess;
  readonly #url: string;
  readonly #authorization: string;
  readonly #models: ReadonlySet<string>;
  #alive = true;
  #closing: Promise<void> | undefined;

  private constructor(
    process: PipedProcess,
    url: string,
    password: string,
    installation: Installation,
    models: readonly KnownModel[],
  ) {
    this.#process = process;
    this.#url = url;
    this.#authorization = `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`;
    this.installation = installation;
    this.#models = new Set(models.map(modelKey));
    void process.exited.then(() => (this.#alive = false));
  }

  /** Starts a server that knows these models. Throws HarnessError `program_not_installed`, `agent_exited` or `agent_not_responding`. */
  static async start(
    context: HarnessContext,
    models: readonly KnownModel[],
  ): Promise<OpenCodeServer> {
    const { path } = await requireAgent("opencode", context.agentsDir);
    const password = randomBytes(24).toString("base64url");
    const installation = await prepareInstallation(
      context.stateDir,
      randomBytes(6).toString("hex"),
      models,
      password,
    );
    try {
      for (let attempt = 1; ; attempt++) {
        // A free port may be taken by another before the server has it.
        const started = await startProcess(path, installation, context).catch((error: unknown) => {
          if (
            attempt === MAX_STARTS ||
            !(error instanceof HarnessError && error.code === "agent_exited")
          )
            throw error;
          return null;
        });
        if (started)
          return new OpenCodeServer(started.process, started.url, password, installation, models);
      }
    } catch (error) {
      await installation.remove();
      throw error;
    }
  }

  get alive(): boolean {
    return this.#alive && this.#closing === undefined;
  }

  /** What it holds in memory now; null where the system does not say. */
  async memoryBytes(): Promise<number | null> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, "utf8").catch(() => "");
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  }

  knows(model: KnownModel): boolean {
    return this.#models.has(modelKey(model));
  }

  /** Leaves a session what it needs of its run, before its next prompt. */
  async grant(sessionId: string, access: SessionAccess): Promise<void> {
    await writeFile(
      join(this.installation.sessionsDir, `${sessionId}.json`),
      JSON.stringify(access),
      { mode: 0o600 },
    );
  }

  /** Calls the server's API. Throws HarnessError: `agent_refused` (with its status), `agent_exited`, `agent_not_responding`; or the signal's reason. */
  async call(
    method: string,
    path: string,
    { directory, body, signal, timeoutMs = REQUEST_TIMEOUT_MS }: Call = {},
  ): Promise<unknown> {
    const response = await this.#fetch(
      method,
      path,
      directory,
      body,
      AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    );
    const text = await response.text();
    if (response.ok) return text === "" ? null : (JSON.parse(text) as unknown);
    throw new HarnessError(
      "agent_refused",
      `OpenCode answers ${method} ${path} with ${response.status}: ${text.slice(0, 500)}`,
      {
        data: { status: response.status },
      },
    );
  }

  /** The directory's events from now on; open when this resolves. Ends with HarnessError `connection_lost`, or by the signal. */
  async subscribe(directory: string, signal: AbortSignal): Promise<AsyncIterable<ServerEvent>> {
    const response = await this.#fetch("GET", "/event", directory, undefined, signal);
    if (!response.ok || !response.body)
      throw new HarnessError(
        "agent_refused",
        `OpenCode answers GET /event with ${response.status}`,
      );
    return readEvents(response.body);
  }

  /** Ends its commands, then itself, then what it has left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#alive) {
      // Only this ends its commands: a signal would orphan them.
      await this.#fetch(
        "POST",
        "/global/dispose",
        undefined,
        undefined,
        AbortSignal.timeout(DISPOSE_TIMEOUT_MS),
      ).catch(() => {});
    }
    await this.#process.stop(STOP_GRACE_MS);
    await this.installation.remove();
  }

  async #fetch(
    method: string,
    path: string,
    directory: string | undefined,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Response> {
    const url = new URL(path, this.#url);
    if (directory !== undefined) url.searchParams.set("directory", directory);
    const headers = {
      authorization: this.#authorization,
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    try {
      return await fetch(url, {
        method,
        headers,
        signal,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      if (error instanceof Error && error.name === "TimeoutError") {
        throw new HarnessError(
          "agent_not_responding",
          `OpenCode has not answered ${method} ${path} in time`,
          { cause: error },
        );
      }
      if (signal.aborted) throw error;
      throw new HarnessError(
        "agent_exited",
        `OpenCode's server is gone: ${method} ${path} found no one`,
        { cause: error },
      );
    }
  }
}

function modelKey({ provider, dialect, model }: KnownModel): string {
  return `${provider} ${dialect} ${model}`;
}

async function startProcess(
  path: string,
  installation: Installation,
  { spawn, env, stateDir }: HarnessContext,
): Promise<{ process: PipedProcess; url: string }> {
  const port = await freePort();
  const process = await spawn({
    command: [path, "serve", "--hostname", "127.0.0.1", "--port", String(port)],
    cwd: stateDir,
    env: { PATH: env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", ...installation.env },
    stdin: "closed",
    owner: "opencode",
  });
  const output = new Output(process);
  const timeout = new AbortController();
  try {
    const late = delay(START_TIMEOUT_MS, "late" as const, { signal: timeout.signal }).catch(
      () => "late" as const,
    );
    const outcome = await Promise.race([output.ready, process.exited, late]);
    if (typeof outcome === "string" && outcome !== "late") return { process, url: outcome };
    await process.stop(STOP_GRACE_MS);
    const [code, what] =
      outcome === "late"
        ? ["agent_not_responding", `did not listen within ${START_TIMEOUT_MS / 1000} s`]
        : ["agent_exited", `ended before it listened`];
    throw new HarnessError(code, `OpenCode's server ${what}: ${output.last || "it said nothing"}`);
  } finally {
    timeout.abort();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(0, "127.0.0.1", resolve),
  );
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the server prints, read for as long as it lives. */
class Output {
  /** The address, once it listens. */
  readonly ready: Promise<string>;
  last = "";

  constructor({ stdout, stderr }: PipedProcess) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ready = promise;
    const keep = (stream: Readable): void => {
      const decoder = new StringDecoder("utf8");
      stream.on("error", () => {}); // that the server has gone is told by its exit
      stream.on("data", (chunk: Buffer) => {
        this.last = (this.last + decoder.write(chunk)).slice(-MAX_KEPT_OUTPUT);
        const url = /listening on (http:\/\/\S+)/.exec(this.last)?.[1];
        if (url !== undefined) resolve(url);
      });
    };
    keep(stdout);
    keep(stderr);
  }
}
