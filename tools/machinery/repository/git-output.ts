// What a git command printed, within bounds, and passed on live where that is wanted.
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { headOf, tailOf } from "../text/cut.ts";

const MAX_STDERR_BYTES = 256 * 1024;
const MAX_LIVE_CHARS = 1024 * 1024;

export interface GitOutputOptions {
  readonly maxStdoutBytes: number;
  /** Gets whole lines; progress that overwrites itself counts as lines. */
  readonly live?: ((stream: "stdout" | "stderr", text: string) => Promise<void>) | undefined;
}

/** Watches one command's pipes. simple-git keeps all it reads: past the limit it is made to see no more, and the rest is drained. */
export class GitOutput {
  readonly #options: GitOutputOptions;
  #emitting: Promise<void> = Promise.resolve();
  /** Standard output was longer than what is kept. */
  stdoutTruncated = false;

  constructor(options: GitOutputOptions) {
    this.#options = options;
  }

  watch(stdout: Readable, stderr: Readable): void {
    const { maxStdoutBytes, live } = this.#options;
    limit(stdout, maxStdoutBytes, () => (this.stdoutTruncated = true));
    // simple-git waits another 50 ms for a command that has ended in silence; no bytes are bytes enough.
    stdout.once("end", () => stdout.emit("data", Buffer.alloc(0)));
    limit(stderr, MAX_STDERR_BYTES, () => undefined);
    if (!live) return;
    this.#passOn(stdout, (text) => live("stdout", text));
    this.#passOn(stderr, (text) => live("stderr", text));
  }

  /** Resolves when all that was passed on has been taken. */
  async settled(): Promise<void> {
    await this.#emitting;
  }

  #passOn(stream: Readable, emit: (text: string) => Promise<void>): void {
    const decoder = new StringDecoder("utf8");
    let pending = "";
    let chars = 0;
    const send = (text: string): void => {
      if (text === "" || chars > MAX_LIVE_CHARS) return;
      chars += text.length;
      this.#emitting = this.#emitting.then(() => emit(text));
      // Reported by `settled`, which comes later.
      this.#emitting.catch(() => undefined);
    };
    stream.on("data", (chunk: Buffer) => {
      pending += decoder.write(chunk);
      const end = Math.max(pending.lastIndexOf("\n"), pending.lastIndexOf("\r")) + 1;
      send(pending.slice(0, end).replaceAll(/\r\n?/g, "\n"));
      pending = tailOf(pending.slice(end), MAX_LIVE_CHARS);
    });
    stream.once("end", () => send(pending + decoder.end()));
  }
}

function limit(stream: Readable, maxBytes: number, onTruncated: () => void): void {
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) return;
    onTruncated();
    stream.removeAllListeners("data").resume();
  });
}

/** At most `maxChars` of a text, cut at the end of a line where there is one. */
export function cutText(
  text: string,
  maxChars: number,
  isTruncated: boolean,
): { text: string; truncated: boolean } {
  if (text.length <= maxChars && !isTruncated) return { text, truncated: false };
  const cut = headOf(text, maxChars);
  return { text: cut.slice(0, cut.lastIndexOf("\n") + 1 || cut.length), truncated: true };
}

/** What git says of a transfer, without its counting. */
export function withoutProgress(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.slice(line.lastIndexOf("\r", line.length - 2) + 1).trimEnd());
  return lines
    .filter(
      (line) =>
        line !== "" &&
        !/^(remote: )?[A-Z][a-z]+ [a-z]+: +\d/.test(line) &&
        !/^(remote: )?Total \d/.test(line),
    )
    .join("\n");
}
