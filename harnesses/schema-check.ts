// Holds an answer against the JSON Schema that the caller gave: for native's own repair turns and for the daemon's last word on every harness.
import { CodedError } from "../tools/coded-error.ts";
import type { ErrorObject } from "ajv";

/** What is wrong with the value, one problem a line, for a model to read; null when nothing is. */
export type SchemaCheck = (value: unknown) => string | null;

const MAX_PROBLEMS = 20;

/**
 * Compiles a schema of draft-07 or 2020-12 (told apart by `$schema`, else by its words), formats included.
 * Throws CodedError `invalid_schema`.
 */
export async function compileSchema(
  schema: Readonly<Record<string, unknown>>,
): Promise<SchemaCheck> {
  const ajv = await openAjv(schema);
  try {
    const validate = ajv.compile(schema);
    return (value) => (validate(value) ? null : problemsOf(validate.errors ?? []));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError(
      "invalid_schema",
      `The result's schema is not a JSON Schema that can be checked: ${reason}`,
      { cause },
    );
  }
}

export type CheckedAnswer =
  | { readonly ok: true; readonly json: unknown }
  | { readonly ok: false; readonly problem: string };

/** Reads a model's final text as JSON, a code fence around it forgiven, and checks it. */
export function checkAnswer(text: string, check: SchemaCheck): CheckedAnswer {
  const inner = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text)?.[1] ?? text;
  let json: unknown;
  try {
    json = JSON.parse(inner);
  } catch (error) {
    return {
      ok: false,
      problem: `The answer is not JSON alone: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const problem = check(json);
  return problem === null ? { ok: true, json } : { ok: false, problem };
}

/** What asks for an answer under a schema; appended to a prompt or a system prompt. */
export function schemaInstruction(schema: Readonly<Record<string, unknown>>): string {
  return `Your final answer must be one JSON value and nothing else (no prose, no code fence) that satisfies this JSON Schema:\n${JSON.stringify(schema)}`;
}

/** What asks for the answer again. */
export function repairInstruction(problem: string): string {
  return `Your final answer does not satisfy the JSON Schema:\n${problem}\nAnswer again with the corrected JSON value alone: no prose, no code fence, no tool calls.`;
}

async function openAjv(schema: Readonly<Record<string, unknown>>) {
  const [{ Ajv }, { Ajv2020 }, formats] = await Promise.all([
    import("ajv"),
    import("ajv/dist/2020.js"),
    import("ajv-formats"),
  ]);
  // Keywords and formats that it does not know are annotations, as the standard says.
  const options = { strict: false, allErrors: true, logger: false as const, validateFormats: true };
  const ajv = isDraft07(schema) ? new Ajv(options) : new Ajv2020(options);
  formats.default.default(ajv);
  return ajv;
}

function isDraft07(schema: Readonly<Record<string, unknown>>): boolean {
  const dialect = schema["$schema"];
  if (typeof dialect === "string") return /draft-0[4-7]/.test(dialect);
  return "definitions" in schema || /"(items":\[|additionalItems":)/.test(JSON.stringify(schema));
}

function problemsOf(errors: readonly ErrorObject[]): string {
  const lines = errors.slice(0, MAX_PROBLEMS).map((error) => {
    const details = Object.values(error.params).map((value) => JSON.stringify(value));
    return `- ${error.instancePath === "" ? "the value" : error.instancePath} ${error.message ?? error.keyword} (${details.join(", ")})`;
  });
  return errors.length > MAX_PROBLEMS
    ? [...lines, `- and ${errors.length - MAX_PROBLEMS} more`].join("\n")
    : lines.join("\n");
}
