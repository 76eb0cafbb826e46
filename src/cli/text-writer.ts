// Writes lines, and texts that come in pieces, so that neither is broken by the other.
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

export class TextWriter {
  readonly #write: (text: string) => void;
  readonly #colour: boolean;
  /** What has been streamed of each text, so that the fact closing it is not printed again. */
  readonly #streamed = new Map<string, string>();
  #open: string | undefined;
  #isAtLineStart = true;

  constructor(write: (text: string) => void, colour: boolean) {
    this.#write = write;
    this.#colour = colour;
  }

  /** True while a text is being streamed and has not ended. */
  get isInText(): boolean {
    return this.#open !== undefined;
  }

  get isAtLineStart(): boolean {
    return this.#isAtLineStart;
  }

  /** A piece of the text `key`. */
  stream(key: string, style: Style | undefined, text: string): void {
    if (this.#open !== key) this.endText();
    if (this.#open === undefined) this.#startLine();
    this.#open = key;
    this.#streamed.set(key, (this.#streamed.get(key) ?? "") + text);
    this.text(style, text);
  }

  /** The whole text `key`: printed where it was not streamed, or only in part. */
  whole(key: string, style: Style | undefined, text: string): void {
    const streamed = this.#streamed.get(key);
    this.#streamed.delete(key);
    if (this.#open === key) this.endText();
    if (text !== "" && streamed?.trim() !== text.trim()) this.line(style, text);
  }

  /** Whole lines, after what was begun. */
  line(style: Style | undefined, text: string): void {
    this.endText();
    this.#startLine();
    this.text(style, text);
    this.#startLine();
  }

  endText(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#startLine();
  }

  text(style: Style | undefined, text: string): void {
    if (text === "") return;
    const isStyled = style !== undefined && this.#colour;
    this.#write(isStyled ? styleText(style, text, { validateStream: false }) : text);
    this.#isAtLineStart = text.endsWith("\n");
  }

  #startLine(): void {
    if (!this.#isAtLineStart) this.text(undefined, "\n");
  }
}
