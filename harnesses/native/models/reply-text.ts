// A text that comes in pieces: each is passed on whole characters only, since a server may part a surrogate pair.

export class ReplyText {
  #half = "";

  /** What can be said of it so far. What is no text is none. */
  take(piece: unknown): string {
    if (typeof piece !== "string" || piece === "") return "";
    const text = this.#half + piece;
    const isParted = (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
    this.#half = isParted ? text.slice(-1) : "";
    return (isParted ? text.slice(0, -1) : text).toWellFormed();
  }

  /** The other half never came. */
  end(): string {
    const rest = this.#half.toWellFormed();
    this.#half = "";
    return rest;
  }
}
