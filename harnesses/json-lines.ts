// One JSON value a line, read from a program's output: lines of any length up to a limit, characters never split.
import { CodedError } from "../tools/coded-error.ts";
import type { Readable } from "node:stream";

const NEWLINE = 0x0a;

export interface JsonLinesOptions {
  /** A longer line is an error, not a loss: CodedError `line_too_long`. */
  readonly maxLineBytes: number;
  /** Told of each line that is not JSON, without its line break. Blank lines are passed over. */
  readonly onNoise: (line: string) => void;
}

/** Each line's value as it comes, until the stream ends or is destroyed. Leaving early destroys the stream. */
export async function* jsonLines(
  stream: Readable,
  options: JsonLinesOptions,
): AsyncGenerator<unknown, void> {
  for await (const line of lines(stream, options.maxLineBytes)) {
    // Parsed outside of `yield`, so that an error of the consumer is not taken for noise.
    const parsed = parse(line);
    if (parsed) yield parsed.value;
    else if (line.trim() !== "") options.onNoise(line);
  }
}

async function* lines(stream: Readable, maxLineBytes: number): AsyncGenerator<string, void> {
  let pieces: Buffer[] = [];
  let length = 0;
  const take = (piece: Buffer): void => {
    length += piece.length;
    if (length > maxLineBytes)
      throw new CodedError(
        "line_too_long",
        `The program wrote a line longer than ${maxLineBytes} bytes`,
      );
    pieces.push(piece);
  };
  const finish = (): string => {
    const line = Buffer.concat(pieces).toString("utf8");
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks(stream)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}

/** A killed program's pipe closes without an end; for a reader that is an end too. */
async function* chunks(stream: Readable): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of stream)
      yield typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

function parse(line: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(line) };
  } catch {
    return undefined;
  }
}
