// Turns whatever a call threw into an error that may go on the wire: codes and messages, never a stack.
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { HarnessError } from "../../../harnesses/harness.ts";
import { ToolError, type ToolFailure } from "../../../tools/tool.ts";
import { JournalError } from "../../journal/journal-error.ts";
import type { Log } from "../../life/log.ts";
import { RpcError, type RpcErrorName } from "../../wire/errors.ts";
import { describeAtPlace, describeIssue } from "../../wire/issue-text.ts";

const MAX_MESSAGE_CHARACTERS = 4000;
const MAX_ISSUES = 20;
const MAX_PATH_STEPS = 20;
const MAX_STEP_CHARACTERS = 100;
/** A longer name is no misspelling of ours, and comparing it would cost. */
const MAX_GUESSED_CHARACTERS = 64;

/** A tool's own words for what the wire has a number for. */
const RPC_KINDS: Readonly<Record<string, RpcErrorName>> = {
  invalid_input: "invalid_params",
  cancelled: "cancelled",
};

/** A tool's refusal as an answer on the wire; `data.code` is the tool's own word. */
export function rpcErrorOf(failure: ToolFailure): RpcError {
  const kind = RPC_KINDS[failure.code] ?? "tool_failed";
  return new RpcError(kind, shorten(failure.message), { ...failure.data, code: failure.code });
}

/** Anything but an answer is a bug: it goes to the log in full, and the host gets the id to find it by. */
export function answerableError(error: unknown, method: string, log: Log): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof ToolError) return rpcErrorOf(error);
  if (error instanceof HarnessError)
    return new RpcError("refused", shorten(error.message), { ...error.data, code: error.code });
  if (error instanceof JournalError) return rpcErrorOfJournal(error);
  const errorId = `err_${randomBytes(8).toString("hex")}`;
  log.error({ err: error, errorId, method }, "A call failed inside the daemon");
  return new RpcError(
    "internal_error",
    `The daemon failed inside; its log has the cause under ${errorId}`,
    { errorId },
  );
}

function rpcErrorOfJournal({ code, message }: JournalError): RpcError {
  if (code === "closed") return new RpcError("shutting_down", message);
  return new RpcError(code === "too_much_pending" ? "overloaded" : "refused", message, { code });
}

export function invalidParams(method: string, error: z.ZodError): RpcError {
  const issues = error.issues.slice(0, MAX_ISSUES).map(({ path, ...issue }) => ({
    code: issue.code,
    path: path
      .slice(0, MAX_PATH_STEPS)
      .map((step) =>
        typeof step === "number" ? step : shorten(String(step), MAX_STEP_CHARACTERS),
      ),
    message: shorten(describeIssue(issue)),
  }));
  return new RpcError(
    "invalid_params",
    shorten(`Invalid params for ${method}: ${issues.map(describeAtPlace).join("; ")}`),
    { issues },
  );
}

export function methodNotFound(method: string, known: Iterable<string>): RpcError {
  const nearest = nearestName(method, known);
  const hint =
    nearest === undefined ? "daemon_info lists what there is" : `did you mean ${nearest}?`;
  return new RpcError(
    "method_not_found",
    `There is no method ${JSON.stringify(shorten(method, MAX_STEP_CHARACTERS))}; ${hint}`,
    {
      nearest: nearest ?? null,
    },
  );
}

function shorten(text: string, limit = MAX_MESSAGE_CHARACTERS): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}

function nearestName(wanted: string, known: Iterable<string>): string | undefined {
  if (wanted.length > MAX_GUESSED_CHARACTERS) return undefined;
  let nearest: string | undefined;
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(wanted.toLowerCase(), name);
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const substituted = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
