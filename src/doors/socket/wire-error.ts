// Refusals as they go on the wire: a number by the code, short messages, what was wanted instead.
import type { z } from "zod";
import { headOf } from "../../../tools/machinery/text/cut.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import type { ToolFailure } from "../../../tools/tool.ts";
import { rpcNumberOf } from "../../wire/error-codes.ts";
import { describeAtPlace, describeIssue } from "../../wire/issue-text.ts";
import { nearestName } from "../../wire/nearest-name.ts";

const MAX_MESSAGE_CHARACTERS = 4000;
const MAX_ISSUES = 20;
const MAX_PATH_STEPS = 20;
const MAX_STEP_CHARACTERS = 100;

/** An answer that says no, as it goes on the wire. */
export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly code: string } & Readonly<Record<string, unknown>>;
}

/** The number follows from the code, which `data.code` repeats as a word. */
export function wireErrorOf({ code, message, data }: ToolFailure): WireError {
  return { code: rpcNumberOf(code), message: shorten(message), data: { ...data, code } };
}

export function invalidParams(method: string, error: z.ZodError): CodedError {
  const issues = error.issues.slice(0, MAX_ISSUES).map(({ path, ...issue }) => ({
    code: issue.code,
    path: path
      .slice(0, MAX_PATH_STEPS)
      .map((step) =>
        typeof step === "number" ? step : shorten(String(step), MAX_STEP_CHARACTERS),
      ),
    message: shorten(describeIssue(issue)),
  }));
  return new CodedError(
    "invalid_input",
    shorten(`Invalid params for ${method}: ${issues.map(describeAtPlace).join("; ")}`),
    { data: { issues } },
  );
}

export function methodNotFound(method: string, known: Iterable<string>): CodedError {
  const nearest = nearestName(method, known);
  const hint =
    nearest === undefined ? "daemon_info lists what there is" : `did you mean ${nearest}?`;
  return new CodedError(
    "method_not_found",
    `There is no method ${JSON.stringify(shorten(method, MAX_STEP_CHARACTERS))}; ${hint}`,
    { data: { nearest: nearest ?? null } },
  );
}

function shorten(text: string, limit = MAX_MESSAGE_CHARACTERS): string {
  return text.length <= limit ? text : `${headOf(text, limit)}…`;
}
