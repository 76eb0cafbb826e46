// Calls and their answers as servers want them: one answer a call, no two calls of one id, names that may be said.
import { createHash } from "node:crypto";
import { textOf } from "./json.ts";

/** What ids a server takes, and how one is made from any other. */
export interface IdForm {
  readonly fits: (id: string) => boolean;
  /** `count`: how many calls had this id before. */
  readonly make: (id: string, count: number) => string;
}

/** Letters, digits, `_` and `-`: what every dialect takes. */
const PORTABLE: IdForm = {
  fits: (id) => /^[a-zA-Z0-9_-]{1,64}$/.test(id),
  make: (id, count) => numbered(portableCallId(id) || "call", count, 64),
};
/** As it was given, but not too long. */
const upTo = (maxLength: number): IdForm => ({
  fits: (id) => id.trim() !== "" && id.length <= maxLength,
  make: (id, count) => numbered(portableCallId(id) || "call", count, maxLength),
});
const NINE: IdForm = {
  fits: (id) => /^[a-zA-Z0-9]{9}$/.test(id),
  make: (id, count) =>
    createHash("sha256")
      .update(`${count}:${id}`)
      .digest("base64url")
      .replaceAll(/[^a-zA-Z0-9]/g, "0")
      .slice(0, 9),
};

export const anthropicIds = PORTABLE;
export const responsesIds = upTo(64);

/** Behind one address of the chat dialect stand models whose makers take different ids. */
export function chatIds(model: string): IdForm {
  if (/mistral|mixtral|codestral|devstral|magistral/.test(model)) return NINE;
  if (/claude/.test(model)) return PORTABLE;
  return upTo(/gpt-|(^|\/)o\d/.test(model) ? 40 : 256);
}

/** A call id in the form that every provider takes, for a history that another provider began. */
export function portableCallId(toolCallId: string): string {
  return toolCallId.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 64);
}

function numbered(id: string, count: number, maxLength: number): string {
  const ending = count === 0 ? "" : `_${count + 1}`;
  return `${id.slice(0, maxLength - ending.length)}${ending}`;
}

/** Gives each call of a conversation an id of its own. What it gives depends on what came before alone, so that a longer conversation begins alike. */
export class CallIds {
  readonly #form: IdForm;
  readonly #given = new Set<string>();

  constructor(form: IdForm) {
    this.#form = form;
  }

  next(id: unknown): string {
    const wanted = textOf(id);
    let given = this.#form.fits(wanted) ? wanted : this.#form.make(wanted, 0);
    for (let count = 1; this.#given.has(given); count++) given = this.#form.make(wanted, count);
    this.#given.add(given);
    return given;
  }
}

/** For each answer the number of its call, or -1: of several calls with one id each gets an answer, in their order. */
export function pairAnswers(calls: readonly unknown[], answers: readonly unknown[]): number[] {
  const open = new Map<unknown, number[]>();
  for (const [index, id] of calls.entries()) open.set(id, [...(open.get(id) ?? []), index]);
  return answers.map((id) => open.get(id)?.shift() ?? -1);
}

/** A model may call what is no name at all; that it was told so must still be sayable. */
export function sayableName(name: unknown): string {
  const given = textOf(name);
  if (/^[a-zA-Z0-9_-]{1,64}$/.test(given)) return given;
  return given.replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64) || "unnamed_tool";
}
