// One `codex app-server`, shared by all sessions: requests and answers, and each thread's messages to the run that holds it.
import { CodedError } from "../../tools/coded-error.ts";
import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";
import { tailOf } from "../../tools/machinery/text/cut.ts";
import type { PipedProcess } from "../../tools/process.ts";
import { jsonLines } from "../json-lines.ts";
import type { Warm } from "../warm-pool.ts";
import type { Channel } from "./channel.ts";
import { Message, ThreadOpened, UNWANTED_NOTIFICATIONS } from "./protocol.ts";
import type { ThreadMessage } from "./protocol.ts";
import { Routes } from "./routes.ts";

/** Codex cuts a command's output at 1 MiB; an item holds it once, escaped. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const MAX_STDERR_CHARS = 4096;
const REQUEST_TIMEOUT_MS = 30_000;
const ABORTED_REQUEST_TIMEOUT_MS = 1000;
const CLOSE_GRACE_MS = 1000;

interface Pending {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Patience {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export class AppServer implements Warm {
  /** Who hears what. */
  readonly routes = new Routes();
  readonly #process: PipedProcess;
  readonly #pending = new Map<string | number, Pending>();
  #nextId = 1;
  #stderr = "";
  #failure: CodedError | undefined;

  private constructor(process: PipedProcess) {
    this.#process = process;
    process.stdin.on("error", () => {}); // that the server has gone is told by its exit
    this.#keepStderr();
    void this.#read();
  }

  /** Says hello; rejects with CodedError `agent_exited` or `agent_not_responding`, and leaves no process then. */
  static async start(process: PipedProcess): Promise<AppServer> {
    const server = new AppServer(process);
    try {
      await server.request("initialize", {
        clientInfo: { name: "harnessd", title: "harnessd", version: "0" },
        capabilities: {
          experimentalApi: true,
          requestAttestation: false,
          optOutNotificationMethods: UNWANTED_NOTIFICATIONS,
        },
      });
      server.#send({ method: "initialized" });
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  get alive(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Rejects with CodedError: `agent_refused` (the server says no), `agent_exited`, `agent_not_responding`.
   * After an abort the server has little time left to answer. One that lets its full time pass is not used again.
   */
  async request(
    method: string,
    params: unknown,
    { timeoutMs = REQUEST_TIMEOUT_MS, signal }: Patience = {},
  ): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const late = (): void => {
      const failure = new CodedError(
        "agent_not_responding",
        `Codex has not answered ${method} in time`,
      );
      reject(failure);
      if (timeoutMs === REQUEST_TIMEOUT_MS) this.#fail(failure);
    };
    const timers = [setTimeout(late, timeoutMs)];
    const onAbort = (): void => void timers.push(setTimeout(late, ABORTED_REQUEST_TIMEOUT_MS));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort);
    this.#pending.set(id, { method, resolve, reject });
    this.#send({ id, method, params });
    try {
      return await promise;
    } finally {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#pending.delete(id);
    }
  }

  /** Answers a question of the server. */
  answer(id: string | number, result: unknown): void {
    this.#send({ id, result });
  }

  /** Starts, resumes or forks a thread: its id, and the channel on which its messages come. */
  async openThread(
    method: string,
    params: unknown,
    signal: AbortSignal,
  ): Promise<{ threadId: string; channel: Channel }> {
    using _expected = this.routes.expectThread();
    const opened = ThreadOpened.parse(await this.request(method, params, { signal }));
    return { threadId: opened.thread.id, channel: this.routes.open(opened.thread.id) };
  }

  /** Closing its input ends the server and the commands it runs. */
  async close(): Promise<void> {
    this.#fail(new CodedError("agent_exited", "The Codex server was closed"));
    this.#process.stdin.end();
    await this.#process.stop(CLOSE_GRACE_MS);
  }

  #send(message: unknown): void {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async #read(): Promise<void> {
    const options = {
      maxLineBytes: MAX_LINE_BYTES,
      onNoise: (line: string) => this.#remember(line),
    };
    try {
      for await (const value of jsonLines(this.#process.stdout, options)) {
        const message = Message.safeParse(value);
        if (message.success) await this.#take(message.data);
        else this.#remember(JSON.stringify(value));
      }
    } catch (error) {
      this.#fail(
        error instanceof CodedError
          ? error
          : new CodedError("agent_failed", "Reading from Codex failed", { cause: error }),
      );
      return void this.#process.stop();
    }
    const timer = setTimeout(() => void this.#process.stop(), CLOSE_GRACE_MS); // it has nothing more to say, but lives
    const { exitCode, signal } = await this.#process.exited;
    clearTimeout(timer);
    const ended = signal === null ? `with status ${exitCode}` : `by ${signal}`;
    const data = { exitCode, signal, stderr: this.#stderr };
    this.#fail(
      new CodedError("agent_exited", `The Codex server ended ${ended}: ${lastLine(this.#stderr)}`, {
        data,
      }),
    );
  }

  async #take({ id, method, params = {}, result, error }: Message): Promise<void> {
    if (method !== undefined) return await this.#deliver({ id, method, params });
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (!pending) return;
    if (error)
      return pending.reject(
        new CodedError("agent_refused", `Codex refuses ${pending.method}: ${error.message}`, {
          data: error,
        }),
      );
    // At once and here, or the messages that follow on the answer's heels would find no channel.
    const opened = ThreadOpened.safeParse(result);
    if (opened.success) this.routes.open(opened.data.thread.id);
    pending.resolve(result);
  }

  async #deliver(message: ThreadMessage): Promise<void> {
    const channel = this.routes.find(message);
    if (channel) return await channel.push(message);
    if (message.id !== undefined)
      this.#send({ id: message.id, error: { code: -32601, message: "No run holds this thread" } });
    else this.routes.keep(message);
  }

  #fail(failure: CodedError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.routes.fail(this.#failure);
  }

  #keepStderr(): void {
    const decoder = new StringDecoder("utf8");
    this.#process.stderr.on("data", (chunk: Buffer) => this.#remember(decoder.write(chunk)));
    this.#process.stderr.on("error", () => {});
  }

  #remember(text: string): void {
    this.#stderr = tailOf(this.#stderr + stripVTControlCharacters(text), MAX_STDERR_CHARS);
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) || "it said nothing on stderr";
}
