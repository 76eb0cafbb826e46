// What a door answers when something was thrown behind it: codes and messages, never a stack.
import { randomBytes } from "node:crypto";
import { CodedError } from "../../tools/coded-error.ts";
import type { Log } from "../log/log.ts";

/** Anything but a CodedError is a bug: it goes to the log in full, and the host gets the id to find it by. */
export function answerableError(error: unknown, asked: string, log: Log): CodedError {
  if (error instanceof CodedError) return error;
  const errorId = `err_${randomBytes(8).toString("hex")}`;
  log.error({ err: error, errorId, asked }, "A call failed inside the daemon");
  return new CodedError(
    "internal_error",
    `The daemon failed inside; its log has the cause under ${errorId}`,
    { data: { errorId } },
  );
}
