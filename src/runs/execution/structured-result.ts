// The result that a run's schema asks for: whatever the harness claims, it is checked here.
import { CodedError } from "../../../tools/coded-error.ts";
import { checkAnswer, type SchemaCheck } from "../../../harnesses/schema-check.ts";
import type { RunResult } from "../../wire/events.ts";

/** How often a harness may try again after a result that does not satisfy the schema. */
export const MAX_REPAIRS = 2;

export type CheckedResult =
  | { readonly ok: true; readonly result: RunResult }
  | { readonly ok: false; readonly problem: string };

/** The value that the harness gave, or else the JSON that its text is. */
export function checkResult(result: RunResult | null, check: SchemaCheck): CheckedResult {
  if (result === null) return { ok: false, problem: "There was no answer" };
  const { text, json } = result;
  if (json === undefined) {
    const read = checkAnswer(text, check);
    return read.ok ? { ok: true, result: { text, json: read.json } } : read;
  }
  const problem = check(json);
  return problem === null ? { ok: true, result } : { ok: false, problem };
}

export function schemaMismatch(problems: string, repairs: number): CodedError {
  return new CodedError(
    "schema_mismatch",
    `The result does not satisfy the schema after ${repairs} repairs: ${problems}`,
    {
      data: { problems },
    },
  );
}
