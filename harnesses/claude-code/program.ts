// A running Claude Code, kept warm for its session: lines out of it, messages into it, and its end.
import { CodedError } from "../../tools/coded-error.ts";
import { mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as delay } from "node:timers/promises";
import { headOf, tailOf } from "../../tools/machinery/text/cut.ts";
import type { PipedProcess } from "../../tools/process.ts";
import type { HarnessContext } from "../harness.ts";
import { jsonLines } from "../json-lines.ts";
import type { Warm } from "../warm-pool.ts";
import type { Launch } from "./launch.ts";
import type { Plan } from "./tool-calls.ts";

/** Long outputs and images come as one line. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const MAX_NOISE_LINES = 20;
const MAX_NOISE_CHARS = 500;
const STDERR_TAIL_CHARS = 4000;
/** An idle program ends by itself when its input does, and writes down what it must. */
const FAREWELL_MS = 1500;
const STOP_GRACE_MS = 500;

export class ClaudeProgram implements Warm {
  readonly fingerprint: string;
  readonly process: PipedProcess;
  /** The conversation in it; null until the program has named one. */
  sessionId: string | null = null;
  /** What the agent planned in earlier runs. */
  plan: Plan = [];
  /** A turn is under way: it cannot be asked to leave politely. */
  isBusy = false;
  readonly #lines: AsyncGenerator<unknown, void>;
  readonly #directory: string;
  readonly #sweep: () => Promise<unknown>;
  #hasExited = false;
  #stderrTail = "";
  #noise: string[] = [];
  #suppressedNoise = 0;

  private constructor(launch: Launch, process: PipedProcess, sweep: () => Promise<unknown>) {
    this.fingerprint = launch.fingerprint;
    this.#directory = launch.directory;
    this.process = process;
    this.#sweep = sweep;
    this.#lines = jsonLines(process.stdout, {
      maxLineBytes: MAX_LINE_BYTES,
      onNoise: (line) => this.#takeNoise(line),
    });
    this.#watchStderr();
    process.stdin.on("error", () => {}); // its end is seen on stdout
    void process.exited.then(() => (this.#hasExited = true));
  }

  /** `sessionArgs` begin or resume a conversation. */
  static async start(
    context: HarnessContext,
    launch: Launch,
    path: string,
    sessionArgs: readonly string[],
  ): Promise<ClaudeProgram> {
    // What a daemon that crashed has left of this session.
    await rm(dirname(launch.directory), { recursive: true, force: true });
    await mkdir(launch.directory, { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(launch.files))
      await writeFile(join(launch.directory, name), content, { mode: 0o600 });
    const owner = context.session.id;
    const { args, env } = launch;
    try {
      const process = await context.spawn({
        command: [path, ...args, ...sessionArgs],
        cwd: context.cwd,
        env,
        stdin: "open",
        owner,
      });
      return new ClaudeProgram(launch, process, () => context.sweep(owner, []));
    } catch (error) {
      await removeDirectory(launch.directory);
      throw error;
    }
  }

  get alive(): boolean {
    return !this.#hasExited && !this.process.stdin.destroyed;
  }

  get stderrTail(): string {
    return this.#stderrTail;
  }

  /** The next line's value; undefined when there will be none. */
  async nextLine(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  send(message: object): void {
    if (this.alive) this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Lines that were no messages, since the last time. */
  takeNoise(): string[] {
    const more = this.#suppressedNoise > 0 ? [`… and ${this.#suppressedNoise} more lines`] : [];
    const noise = [...this.#noise, ...more];
    this.#noise = [];
    this.#suppressedNoise = 0;
    return noise;
  }

  async close(): Promise<void> {
    this.process.stdin.end();
    if (!this.isBusy)
      await Promise.race([this.process.exited, delay(FAREWELL_MS, undefined, { ref: false })]);
    await this.process.stop(STOP_GRACE_MS);
    // What its commands left behind has other parents by now.
    await this.#sweep();
    await this.#lines.return();
    await removeDirectory(this.#directory);
  }

  /** Why it is gone, in its own last words. */
  async describeExit(): Promise<CodedError> {
    const { exitCode, signal } = await this.process.exited;
    const how = exitCode === null ? `was ended by ${signal}` : `exited with ${exitCode}`;
    const lastWords = this.#stderrTail.trim().split("\n").at(-1) ?? "";
    const message = `Claude Code ${how} before it gave a result${lastWords && `: ${lastWords}`}`;
    return new CodedError("agent_exited", message, {
      data: { exitCode, signal, stderr: this.#stderrTail },
    });
  }

  #watchStderr(): void {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    this.process.stderr.on("error", () => {});
    this.process.stderr.on("data", (chunk: Buffer) => {
      const text = decoder.write(chunk);
      this.#stderrTail = tailOf(this.#stderrTail + text, STDERR_TAIL_CHARS);
      const lines = (rest + text).split("\n");
      rest = tailOf(lines.pop() ?? "", STDERR_TAIL_CHARS);
      for (const line of lines) if (line.trim() !== "") this.#takeNoise(line);
    });
  }

  #takeNoise(line: string): void {
    if (this.#noise.length < MAX_NOISE_LINES) this.#noise.push(headOf(line, MAX_NOISE_CHARS));
    else this.#suppressedNoise++;
  }
}

async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await rmdir(dirname(directory)).catch(() => {}); // the session's next program may live there
}
