// A host that speaks to the socket by hand and keeps the facts as the very text that came, over any number of lines.
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Cursor, Gap } from "../../src/wire/events.ts";

export interface Answer {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Readonly<Record<string, unknown>>;
  };
}

interface Incoming extends Answer {
  readonly id?: number;
  readonly params?: { readonly gap?: Gap };
}

const EVENTS = '"method":"events",';
const LIST = '"events":[';
/** The keys of an envelope come in this order; a delta has no seq. */
const ENVELOPE_OF_FACT = /^\{"epoch":"([^"]+)","seq":(\d+),/;

export class RawHost {
  /** The facts as text, in the order in which they came. */
  readonly facts: string[] = [];
  readonly gaps: Gap[] = [];
  readonly closings: { readonly code: number; readonly reason: string }[] = [];
  /** Events that are no facts. */
  deltas = 0;
  /** Where facts go; a host of very many may want only their sum. */
  onFact: (fact: string) => void = (fact) => void this.facts.push(fact);
  socket: WebSocket;
  readonly #pending = new Map<number, (answer: Answer | undefined) => void>();
  #lastId = 0;
  #cursor: Cursor | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
  }

  static async connect(url: string): Promise<RawHost> {
    const host = new RawHost(new WebSocket(url, { perMessageDeflate: false }));
    await host.#open();
    return host;
  }

  /** Opens the next line to the same daemon, or to its successor. */
  async reconnect(url: string): Promise<void> {
    this.socket = new WebSocket(url, { perMessageDeflate: false });
    await this.#open();
  }

  /** Undefined when the line broke before the answer. */
  async call(method: string, params: unknown = {}): Promise<Answer | undefined> {
    if (this.socket.readyState !== WebSocket.OPEN) return undefined;
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  /** The result. Throws the daemon's no, and for a broken line. */
  async ask<Result = Record<string, unknown>>(
    method: string,
    params: unknown = {},
  ): Promise<Result> {
    const answer = await this.call(method, params);
    if (answer?.result) return answer.result as Result;
    throw new Error(`${method}: ${answer ? JSON.stringify(answer.error) : "the line broke"}`);
  }

  /** From the last fact that this host has, or from `from` when it has none. */
  async subscribe(from: Cursor, filter: Record<string, unknown> = {}): Promise<boolean> {
    this.#cursor ??= from;
    const answer = await this.call("events_subscribe", { after: this.#cursor, filter });
    const gap = answer?.result?.["gap"];
    if (gap) this.gaps.push(gap as Gap);
    if (answer?.error) throw new Error(JSON.stringify(answer.error));
    return answer !== undefined;
  }

  /** Waits until `isDone` holds; looks again whenever something came or the line broke. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await this.#changed.promise;
  }

  get lastSeq(): number {
    return this.#cursor?.seq ?? 0;
  }

  async closed(): Promise<void> {
    if (this.socket.readyState !== WebSocket.CLOSED) await once(this.socket, "close");
  }

  async #open(): Promise<void> {
    const { socket } = this;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => this.#receive(data.toString("utf8")));
    socket.once("close", (code, reason) => this.#end(code, reason.toString("utf8")));
    await new Promise((resolve) => socket.once("open", resolve).once("close", resolve));
  }

  #receive(text: string): void {
    if (text.includes(EVENTS, 0) && text.startsWith(`{"jsonrpc":"2.0",${EVENTS}`)) this.#take(text);
    else {
      const { id, params, ...answer } = JSON.parse(text) as Incoming;
      if (params?.gap) this.gaps.push(params.gap);
      if (id !== undefined) this.#pending.get(id)?.(answer);
      if (id !== undefined) this.#pending.delete(id);
    }
    this.#wake();
  }

  #take(text: string): void {
    for (const event of splitList(text, text.indexOf(LIST) + LIST.length)) {
      const [, epoch, seq] = ENVELOPE_OF_FACT.exec(event) ?? [];
      if (epoch === undefined) this.deltas++;
      else {
        this.onFact(event);
        this.#cursor = { epoch, seq: Number(seq) };
      }
    }
  }

  #end(code: number, reason: string): void {
    this.closings.push({ code, reason });
    for (const resolve of this.#pending.values()) resolve(undefined);
    this.#pending.clear();
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The elements of a JSON list as text, from behind its bracket on: parsing and writing them again could hide a difference. */
function splitList(text: string, start: number): string[] {
  const elements: string[] = [];
  let depth = 0;
  let isInText = false;
  let from = start;
  for (let at = start; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (isInText) {
      if (character === 0x5c) at++;
      else if (character === 0x22) isInText = false;
    } else if (character === 0x22) isInText = true;
    else if (character === 0x7b || character === 0x5b) depth++;
    else if (character === 0x2c && depth === 0) {
      elements.push(text.slice(from, at));
      from = at + 1;
    } else if (character === 0x7d) depth--;
    else if (character === 0x5d && depth-- === 0) {
      if (at > from) elements.push(text.slice(from, at));
      return elements;
    }
  }
  throw new Error("The list has no end");
}
