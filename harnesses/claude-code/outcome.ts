// How a turn ended, read from its `result` line. Neither the subtype nor the exit code tells: `success` may be an error.
import { CodedError } from "../../tools/coded-error.ts";
import { saysContextExceeded } from "../context-exceeded.ts";
import { codeOfRefusal } from "../model-refusals.ts";
import type { ResultLine } from "./line.ts";

const CODE_OF_SUBTYPE: Readonly<Record<string, string>> = {
  error_max_turns: "max_turns",
  error_max_budget_usd: "budget_exhausted",
  error_max_structured_output_retries: "schema_mismatch",
};

const CODE_OF_API_ERROR: Readonly<Record<string, string>> = {
  max_output_tokens: "max_tokens",
  connection_failed: "connection_failed",
};

/** Null when the turn succeeded. The data carries the HTTP status where a server answered with one. */
export function failureOf(result: ResultLine): CodedError | null {
  if (!result.is_error && result.subtype === "success") return null;
  const message =
    result.result ??
    result.errors?.join("; ") ??
    `Claude Code ended the turn with ${result.subtype}`;
  const status = result.api_error_status ?? null;
  const data = { subtype: result.subtype, terminalReason: result.terminal_reason ?? null, status };
  return new CodedError(codeOf(result, status, message), message, { data });
}

function codeOf(result: ResultLine, status: number | null, message: string): string {
  const known = CODE_OF_SUBTYPE[result.subtype] ?? CODE_OF_API_ERROR[result.api_error ?? ""];
  if (known !== undefined) return known;
  if (result.stop_reason === "refusal") return "model_refused";
  if (result.terminal_reason?.startsWith("aborted_")) return "interrupted";
  if (status === null && saysContextExceeded(message)) return "context_exceeded";
  if (status !== null) return codeOfRefusal(status, message);
  return result.terminal_reason === "api_error" ? "model_failed" : "agent_failed";
}
