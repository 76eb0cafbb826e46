// A live view of a stream as text: batched, never split inside a character, skipping what comes faster than anyone reads.
import { StringDecoder } from "node:string_decoder";
import { leadingContinuationLength } from "./utf8.ts";

const BATCH_MS = 25;
/** A batch this long does not wait. */
const BATCH_CHARACTERS = 16_384;
/** What is decoded in one batch time, about 2.5 MB a second; the rest of a flood is skipped and stands in the record. */
const MAX_BYTES_A_BATCH = 65_536;

export class LiveText {
  readonly #emit: (text: string) => void;
  #decoder = new StringDecoder("utf8");
  #text = "";
  #bytesLeft = MAX_BYTES_A_BATCH;
  #skipped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    this.#timer ??= setTimeout(() => this.#startBatch(), BATCH_MS);
    if (chunk.length > this.#bytesLeft) return this.#skip();
    this.#bytesLeft -= chunk.length;
    this.#text += this.#decoder.write(
      this.#skipped ? chunk.subarray(leadingContinuationLength(chunk)) : chunk,
    );
    this.#skipped = false;
    if (this.#text.length >= BATCH_CHARACTERS) this.#flush();
  }

  /** Gives out what is left; nothing is given out afterwards. */
  end(): void {
    clearTimeout(this.#timer);
    if (!this.#skipped) this.#text += this.#decoder.end();
    this.#flush();
  }

  #skip(): void {
    if (!this.#skipped) this.#decoder = new StringDecoder("utf8");
    this.#skipped = true;
    this.#bytesLeft = 0;
  }

  #startBatch(): void {
    this.#timer = undefined;
    this.#bytesLeft = MAX_BYTES_A_BATCH;
    this.#flush();
  }

  #flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#emit(text);
  }
}
