// One event inside the journal: its bytes, made once, and the few things that a filter asks about.
import type { DeltaBody, EventBody } from "../wire/events.ts";
import { shorten } from "./shorten.ts";

/** A larger fact is shortened: whoever has that much to say puts it in a file and names the file. */
export const MAX_FACT_BYTES = 32 * 1024 * 1024;
/** What an entry costs in memory beside its text, roughly. */
const ENTRY_OVERHEAD_BYTES = 160;

/** Where an event comes from. */
export interface About {
  readonly source: "harness" | "tool" | "daemon";
  readonly runId?: string | undefined;
  readonly processId?: string | undefined;
}

export interface Entry {
  /** A fact's own place; for a delta, the fact that it stands after. */
  readonly seq: number;
  readonly type: string;
  readonly runId: string | undefined;
  readonly processId: string | undefined;
  /** A fact's whole JSON; a delta's up to where its text begins. */
  readonly json: string;
  /** Null for a fact. Deltas with the same `key` say more of the same thing; `text` is JSON without its quotes. */
  readonly delta: { readonly key: string; readonly text: string } | null;
  readonly bytes: number;
  /** Of a fact that was shortened: the characters that it had before. */
  readonly shortenedFrom?: number;
}

/** The delta's JSON, once the texts of all that were merged into it are known. */
export function closeDelta(opening: string, texts: readonly string[]): string {
  return `${opening}${texts.join("")}"}`;
}

/** Writes events out in the envelope's order of keys. The parts that repeat from event to event are kept. */
export class EntryWriter {
  readonly #now: () => number;
  readonly #redact: ((json: string) => string) | undefined;
  readonly #epoch: string;
  #timeMs = Number.NaN;
  #timeJson = "";
  #about: About = { source: "daemon" };
  #aboutJson = `"source":"daemon",`;

  constructor(epoch: string, now: () => number, redact: ((json: string) => string) | undefined) {
    this.#epoch = `{"epoch":${JSON.stringify(epoch)},`;
    this.#now = now;
    this.#redact = redact;
  }

  fact(seq: number, body: EventBody, about: About): Entry {
    const json = this.#writeFact(seq, body, about);
    if (json.length <= MAX_FACT_BYTES)
      return {
        ...placeOf(seq, body, about),
        json,
        delta: null,
        bytes: json.length + ENTRY_OVERHEAD_BYTES,
      };
    return { ...this.fact(seq, shorten(body), about), shortenedFrom: json.length };
  }

  #writeFact(seq: number, body: EventBody, about: About): string {
    const own = this.#writeOwn({ ...body, type: undefined });
    return `${this.#epoch}"seq":${seq},${this.#writeTime()}${this.#writeAbout(about)}"type":"${body.type}"${own}}`;
  }

  /** Those that differ in their offset alone may be merged: the first one's holds for all. */
  delta(afterSeq: number, body: DeltaBody, about: About): Entry {
    const offset = "offset" in body ? body.offset : undefined;
    const own = this.#writeOwn({ ...body, type: undefined, text: undefined, offset: undefined });
    const key = `${this.#writeAbout(about)}"type":"${body.type}"${own}`;
    const place = offset === undefined ? "" : `,"offset":${offset}`;
    const json = `${this.#epoch}"afterSeq":${afterSeq},${this.#writeTime()}${key}${place},"text":"`;
    const text = this.clean(JSON.stringify(body.text)).slice(1, -1);
    return {
      ...placeOf(afterSeq, body, about),
      json,
      delta: { key, text },
      bytes: json.length + text.length + ENTRY_OVERHEAD_BYTES,
    };
  }

  /** The fields as they go on after the type: `,"a":1`, or nothing. */
  #writeOwn(fields: object): string {
    const json = this.clean(JSON.stringify(fields));
    return json === "{}" ? "" : `,${json.slice(1, -1)}`;
  }

  /** Without secrets. A raw newline is no part of JSON's strings, and would end the fact's line on its page. */
  clean(json: string): string {
    return this.#redact ? this.#redact(json).replaceAll("\n", " ") : json;
  }

  #writeTime(): string {
    const now = this.#now();
    if (now !== this.#timeMs) {
      this.#timeMs = now;
      this.#timeJson = `"time":"${new Date(now).toISOString()}",`;
    }
    return this.#timeJson;
  }

  #writeAbout(about: About): string {
    const last = this.#about;
    if (
      about.runId === last.runId &&
      about.processId === last.processId &&
      about.source === last.source
    )
      return this.#aboutJson;
    const run = about.runId === undefined ? "" : `"runId":${JSON.stringify(about.runId)},`;
    const process =
      about.processId === undefined ? "" : `"processId":${JSON.stringify(about.processId)},`;
    this.#about = { source: about.source, runId: about.runId, processId: about.processId };
    this.#aboutJson = `${run}${process}"source":"${about.source}",`;
    return this.#aboutJson;
  }
}

function placeOf(
  seq: number,
  body: EventBody,
  about: About,
): Pick<Entry, "seq" | "type" | "runId" | "processId"> {
  return { seq, type: body.type, runId: about.runId, processId: about.processId };
}
