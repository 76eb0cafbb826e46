// Which call a piece of a chat stream belongs to: servers number calls alike, name them late, or not at all.
import type { HarnessEvent } from "../../../events.ts";
import { isJsonObject, isObject, textOf, type Json } from "../../gate/json.ts";
import type { ReplyBuilder } from "../reply-builder.ts";
import { malformed } from "../stop-reason.ts";

interface OpenCall {
  /** With the reply. */
  readonly key: number;
  readonly index: unknown;
  /** As the server gave it; null until it does. */
  id: string | null;
  /** Input that came before the name; null once the call has begun. */
  held: string | null;
}

export class CallPieces {
  readonly #reply: ReplyBuilder;
  readonly #calls: OpenCall[] = [];

  constructor(reply: ReplyBuilder) {
    this.#reply = reply;
  }

  *add(piece: Json): Generator<HarnessEvent> {
    const made = isObject(piece["function"]) ? piece["function"] : {};
    const name = textOf(made["name"]);
    const given = made["arguments"];
    const text = isObject(given) ? JSON.stringify(given) : textOf(given);
    const id = textOf(piece["id"]) || null;
    const call = this.#callOf(piece["index"], id, name, text) ?? this.#begin(piece, id, name);
    call.id ??= id;
    if (call.held !== null && name === "") call.held += text;
    else yield* this.#reply.addInput(call.key, this.#named(call, name) + text);
  }

  /** Throws ModelFailure for a call that never got a name. */
  finish(): void {
    if (this.#calls.some(({ held }) => held !== null))
      throw malformed("a tool call without a name");
  }

  /** Begins a call that waited for its name; answers the input that came before it. */
  #named(call: OpenCall, name: string): string {
    const { held } = call;
    if (held === null) return "";
    call.held = null;
    this.#reply.beginCall(call.key, call.id, name);
    return held;
  }

  /** Null: it begins a call of its own. */
  #callOf(index: unknown, id: string | null, name: string, text: string): OpenCall | null {
    const found = this.#find(index, id, name);
    if (found === undefined) return null;
    if (id !== null && found.id !== null) return found;
    // A name once more: of a server that repeats it, or of a next call under the same number. Whole input tells.
    if (found.held !== null) return found;
    const isNext = name !== "" && text !== "" && isJsonObject(this.#reply.inputTextOf(found.key));
    return isNext ? null : found;
  }

  /** By its number, unless the ids say otherwise; by its id where it has no number; else the last. */
  #find(index: unknown, id: string | null, name: string): OpenCall | undefined {
    const byId = (): OpenCall | undefined =>
      this.#calls.findLast((call) => id !== null && call.id === id);
    const mayBe = (call: OpenCall): boolean => id === null || call.id === null || call.id === id;
    if (typeof index !== "number") {
      const last = this.#calls.at(-1);
      return byId() ?? (last && mayBe(last) ? last : undefined);
    }
    const numbered = this.#calls.findLast((call) => call.index === index && mayBe(call));
    if (numbered || name !== "") return numbered;
    // Input under a number that no call has belongs to the call that is being written.
    return byId() ?? (id === null ? this.#calls.at(-1) : undefined);
  }

  #begin({ index }: Json, id: string | null, name: string): OpenCall {
    const call = { key: this.#calls.length, index, id, held: name === "" ? "" : null };
    this.#calls.push(call);
    if (name !== "") this.#reply.beginCall(call.key, id, name);
    return call;
  }
}
