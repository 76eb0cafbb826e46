// What the checks of all dialects share: how a broken rule is reported, and how a request is read without trusting it.
import type { RuleName } from "./rules.ts";

export type Report = (rule: RuleName, where: string) => void;
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Also for showing a value that should be a text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}

/** The list's objects; what is no list, or no object in it, breaks a rule. */
export function objectsIn(value: unknown, where: string, report: Report): JsonObject[] {
  if (!Array.isArray(value)) {
    report("fields-are-there", where);
    return [];
  }
  return value.filter((each, index) => {
    if (isObject(each)) return true;
    report("fields-are-there", `${where}[${index}]`);
    return false;
  });
}

export function checkText(text: unknown, where: string, report: Report): void {
  if (typeof text !== "string") report("fields-are-there", where);
  else if (text.trim() === "") report("text-not-blank", where);
}

/** One call of a model, as every dialect has it. */
export interface CheckedCall {
  readonly id: unknown;
  readonly name: unknown;
  readonly where: string;
}

/** Ids and names of the calls of a whole conversation. */
export class CallLedger {
  readonly #seen = new Set<string>();
  readonly #report: Report;
  readonly #form: (id: string) => boolean;

  constructor(report: Report, form: (id: string) => boolean) {
    this.#report = report;
    this.#form = form;
  }

  /** The calls of one turn of the model, and the answers that stand where its answers must. */
  checkTurn(
    calls: readonly CheckedCall[],
    answers: readonly { id: unknown; where: string }[],
  ): void {
    const open = new Map<unknown, number>();
    for (const { id, name, where } of calls) {
      if (typeof id !== "string" || !this.#form(id))
        this.#report("call-id-form", `${where}: ${textOf(id)}`);
      else if (this.#seen.has(id)) this.#report("call-id-unique", `${where}: ${textOf(id)}`);
      this.#seen.add(textOf(id));
      checkName(name, where, this.#report);
      open.set(id, 0);
    }
    for (const { id, where } of answers) {
      const count = open.get(id);
      if (count === undefined) this.#report("answer-called-for", `${where}: ${textOf(id)}`);
      else open.set(id, count + 1);
    }
    for (const [id, count] of open)
      if (count !== 1) this.#report("call-answered", `${textOf(id)}: ${count} answers`);
  }
}

export function checkName(name: unknown, where: string, report: Report): void {
  if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name))
    report("tool-name-form", `${where}: ${textOf(name)}`);
}
