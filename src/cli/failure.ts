// What went wrong, in one line for a person or one JSON object for a program, and the exit status that says its kind.
import { CommanderError } from "commander";
import { CallError, ConnectError, ConnectionLostError } from "../client/errors.ts";
import { ConfigError } from "../settings/config.ts";
import { describeAtPlace, type Issue } from "../wire/issue-text.ts";
import { EXIT } from "./exit-status.ts";
import { UsageError } from "./usage-error.ts";

export interface Failure {
  readonly status: number;
  /** A snake_case word of docs/errors.md. */
  readonly code: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

const STATUS_OF_CONNECT_FAILURE = {
  unauthorized: EXIT.unauthorized,
  refused: EXIT.refused,
  unreachable: EXIT.unreachable,
  not_a_harnessd: EXIT.unreachable,
  closed: EXIT.unreachable,
} as const;
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  unauthorized: EXIT.unauthorized,
  shutting_down: EXIT.unreachable,
  internal_error: EXIT.failed,
};

export function failureOf(error: unknown): Failure {
  if (error instanceof CommanderError)
    return wrongUsage(error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " "));
  if (error instanceof UsageError || error instanceof ConfigError) return wrongUsage(error.message);
  if (isOfDeletedDirectory(error))
    return wrongUsage("The current directory has been deleted; change to one that is there");
  if (error instanceof ConnectError)
    return {
      status: STATUS_OF_CONNECT_FAILURE[error.code],
      code: error.code,
      message: error.message,
    };
  if (error instanceof ConnectionLostError)
    return { status: EXIT.unreachable, code: "connection_lost", message: error.message };
  if (error instanceof CallError) return refusalOf(error);
  const { message = String(error), code = "internal_error" } = error as {
    message?: string;
    code?: string;
  };
  return { status: EXIT.failed, code, message };
}

/** One object on one line; the same form as an HTTP refusal's. */
export function failureAsJson({ code, message, data }: Failure): string {
  return JSON.stringify({ error: { code, message, ...(data && { data }) } });
}

function wrongUsage(message: string): Failure {
  return { status: EXIT.usage, code: "wrong_usage", message };
}

/** The daemon's no. What a validator found is said in words, in place of its own text. */
function refusalOf({ code, message, data }: CallError): Failure {
  const issues = Array.isArray(data["issues"]) ? (data["issues"] as readonly Issue[]) : [];
  const found = issues.map(describeAtPlace);
  const { code: _, ...rest } = data;
  return {
    status: STATUS_OF_CODE[code] ?? EXIT.refused,
    code,
    message: found.length === 0 ? message : `The daemon does not take this: ${found.join("; ")}`,
    data: Object.keys(rest).length === 0 ? undefined : rest,
  };
}

function isOfDeletedDirectory(error: unknown): boolean {
  const { code, syscall } = error as { code?: string; syscall?: string };
  return code === "ENOENT" && syscall === "uv_cwd";
}
