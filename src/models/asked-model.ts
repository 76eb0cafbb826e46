// Reads from a request as it passes through which model is asked.
import { StringDecoder } from "node:string_decoder";

/** Every agent names it before the conversation. */
const MAX_READ_CHARACTERS = 64 * 1024;

/** Within a text of the conversation its quotes would be escaped. */
const MODEL = /"model"\s*:\s*"([^"\\]*)"/;

export class AskedModel {
  readonly #decoder = new StringDecoder("utf8");
  #text = "";
  #name: string | null = null;

  /** Null where the request did not say, or not early. */
  get name(): string | null {
    return this.#name;
  }

  read(bytes: Buffer): void {
    if (this.#name !== null || this.#text.length > MAX_READ_CHARACTERS) return;
    this.#text += this.#decoder.write(bytes);
    this.#name = MODEL.exec(this.#text)?.[1] ?? null;
  }
}
