// One `opencode serve`: its life, its requests and its stream of events.
import { CodedError } from "../../tools/coded-error.ts";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { headOf } from "../../tools/machinery/text/cut.ts";
import { requireAgent } from "../agent-programs.ts";
import type { HarnessContext } from "../harness.ts";
import type { PipedProcess } from "../../tools/process.ts";
import type { SessionAccess } from "./box-plugin.ts";
import { Directories } from "./directories.ts";
import { readEvents } from "./event-stream.ts";
import { prepareInstallation } from "./installation.ts";
import type { Installation, KnownModel } from "./installation.ts";
import { McpServers } from "./mcp-servers.ts";
import type { ServerEvent } from "./protocol.ts";
import { startServerProcess, STOP_GRACE_MS } from "./server-process.ts";

const REQUEST_TIMEOUT_MS = 60_000;
const DISPOSE_TIMEOUT_MS = 1500;
const MAX_STARTS = 3;

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

  /** Starts a server that knows these models. Throws CodedError `program_not_installed`, `agent_exited` or `agent_not_responding`. */
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
        const started = await startServerProcess(path, installation, context).catch(
          (error: unknown) => {
            if (
              attempt === MAX_STARTS ||
              !(error instanceof CodedError && error.code === "agent_exited")
            )
              throw error;
            return null;
          },
        );
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

  /** Calls the server's API. Throws CodedError: `agent_refused` (with its status), `agent_exited`, `agent_not_responding`; or the signal's reason. */
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
    throw new CodedError(
      "agent_refused",
      `OpenCode answers ${method} ${path} with ${response.status}: ${headOf(text, 500)}`,
      {
        data: { status: response.status },
      },
    );
  }

  /** The directory's events from now on; open when this resolves. Ends with CodedError `connection_lost`, or by the signal. */
  async subscribe(directory: string, signal: AbortSignal): Promise<AsyncIterable<ServerEvent>> {
    const response = await this.#fetch("GET", "/event", directory, undefined, signal);
    if (!response.ok || !response.body)
      throw new CodedError("agent_refused", `OpenCode answers GET /event with ${response.status}`);
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
        throw new CodedError(
          "agent_not_responding",
          `OpenCode has not answered ${method} ${path} in time`,
          { cause: error },
        );
      }
      if (signal.aborted) throw error;
      throw new CodedError(
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
