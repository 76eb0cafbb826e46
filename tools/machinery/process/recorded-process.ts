// A process whose output is recorded: pipes drained into byte records whether anybody reads them or not.
import { CodedError } from "../../coded-error.ts";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { StreamRecord } from "./byte-record.ts";
import type { ContainedChild } from "./contained-child.ts";
import type { LaunchedChild } from "./launch.ts";
import { LiveText } from "./live-text.ts";
import type {
  BoxProcess,
  ContainmentReport,
  ProcessExit,
  ProcessObserver,
  ProcessRequest,
  StreamName,
} from "../../process.ts";

export interface RecordingSetting {
  readonly directory: string;
  readonly maxRecordBytes: number;
  readonly observer: ProcessObserver | undefined;
}

/** After the exit, output is waited for until it has been quiet this long: a grandchild may hold the pipe for ever. */
const QUIET_MS = 100;
const MAX_QUIET_WAIT_MS = 1_000;
/** Quiet because the disk is slow is another thing: then there is more to come. */
const MAX_DISK_WAIT_MS = 30_000;
/** What may wait for a process to read its input. */
const MAX_UNREAD_STDIN_BYTES = 16 * 1024 * 1024;

/** Made once: an abort without a reason makes an error each time, which is not for nothing. */
const EXITED = new Error("The process has exited");

export class RecordedProcess implements BoxProcess {
  readonly id: string;
  readonly pid: number;
  readonly request: ProcessRequest;
  readonly startedAt = new Date();
  readonly stdout: StreamRecord;
  readonly stderr: StreamRecord;
  readonly exited: Promise<ProcessExit>;
  readonly #contained: ContainedChild;
  readonly #child: LaunchedChild;
  readonly #observer: ProcessObserver | undefined;
  readonly #live: LiveText[] = [];
  readonly #exiting = new AbortController();
  #exit: ProcessExit | undefined;
  #lastOutputAt = 0;

  constructor(
    contained: ContainedChild,
    child: LaunchedChild,
    request: ProcessRequest,
    setting: RecordingSetting,
  ) {
    this.id = contained.id;
    this.pid = contained.pid;
    this.request = request;
    this.#contained = contained;
    this.#child = child;
    this.#observer = setting.observer;
    this.stdout = this.#record("stdout", child.stdout, setting);
    this.stderr = this.#record("stderr", child.stderr, setting);
    if (request.stdin instanceof Uint8Array) child.stdin?.end(request.stdin);
    this.exited = this.#finish();
  }

  get whenExited(): AbortSignal {
    return this.#exiting.signal;
  }

  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#child;
    if (!stdin?.writable) throw this.#stdinClosed();
    if (stdin.writableLength + bytes.length > MAX_UNREAD_STDIN_BYTES) {
      const message = `${this.id} has not read ${stdin.writableLength} bytes of its input yet, and at most ${MAX_UNREAD_STDIN_BYTES} may wait; write again when it has`;
      throw new CodedError("stdin_full", message, {
        data: { processId: this.id, waitingBytes: stdin.writableLength },
      });
    }
    await new Promise<void>((resolve, reject) => {
      stdin.write(bytes, (error) => (error ? reject(this.#stdinClosed(error)) : resolve()));
    });
  }

  closeStdin(): void {
    this.#child.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    this.#contained.signal(name);
  }

  stop(graceMs?: number): Promise<ContainmentReport> {
    return this.#contained.stop(graceMs);
  }

  /** Frees what was recorded. */
  async remove(): Promise<void> {
    await Promise.all([this.stdout.remove(), this.stderr.remove()]);
  }

  #record(
    name: StreamName,
    stream: Readable,
    { directory, maxRecordBytes, observer }: RecordingSetting,
  ): StreamRecord {
    const spillPath = join(directory, `${this.id}.${name}`);
    const record = new StreamRecord({
      spillPath,
      maxBytes: maxRecordBytes,
      onCaughtUp: () => stream.resume(),
    });
    const live = observer?.output
      ? new LiveText((text) => observer.output?.(this, name, text))
      : undefined;
    if (live) this.#live.push(live);
    stream.on("data", (chunk: Buffer) => {
      this.#lastOutputAt = performance.now();
      if (this.#exit === undefined) live?.push(chunk);
      if (!record.append(chunk)) stream.pause();
    });
    stream.once("end", () => stream.destroy()); // a pipe has no other half, and Node would take the trouble to shut it
    stream.on("error", () => record.end());
    stream.once("close", () => record.end());
    return record;
  }

  async #finish(): Promise<ProcessExit> {
    await this.#contained.gone;
    this.#child.stdin?.destroy();
    const exit = await this.#contained.exit();
    await this.#outputSettled();
    this.#exit = exit;
    this.#exiting.abort(EXITED);
    for (const live of this.#live) live.end();
    this.#observer?.exited?.(this, exit);
    return exit;
  }

  /** Resolves when both streams have ended, or have been quiet for a while. */
  #outputSettled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const startedAt = performance.now();
    const haveEnded = (): boolean => this.stdout.ended && this.stderr.ended;
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    // A turn of the event loop later: after a stall, timers run before what is waiting in the pipes is read.
    const check = (): void => void setImmediate(() => (isQuiet() ? settle() : timer.refresh()));
    const streams = [this.#child.stdout, this.#child.stderr];
    const isQuiet = (): boolean => {
      const now = performance.now();
      if (streams.some((stream) => stream.isPaused())) return now - startedAt >= MAX_DISK_WAIT_MS;
      return now - this.#lastOutputAt >= QUIET_MS || now - startedAt >= MAX_QUIET_WAIT_MS;
    };
    const timer = setTimeout(check, QUIET_MS);
    for (const stream of streams) stream.once("close", () => haveEnded() && settle());
    if (haveEnded()) settle();
    return promise;
  }

  #stdinClosed(cause?: Error): CodedError {
    const message = `The standard input of ${this.id} is closed: it was not started with an open one, it was closed, or the process has ended`;
    return new CodedError("stdin_closed", message, { data: { processId: this.id }, cause });
  }
}
