// Lines about the program's own condition: which are worth a notice, and which are known and say nothing new.
import type { HarnessEvent } from "../events.ts";
import { RetryLine } from "./line.ts";
import { recordOf } from "./tool-calls.ts";

/** Told by other lines already, part of the control protocol, or meant for a screen. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  "control_request",
  "control_response",
  "control_cancel_request",
  "command_lifecycle",
  "keep_alive",
  "prompt_suggestion",
  "tool_progress",
  "system/background_tasks_changed",
  "system/control_request_progress",
  "system/files_persisted",
  "system/hook_progress",
  "system/hook_response",
  "system/hook_started",
  "system/permission_denied",
  "system/post_turn_summary",
  "system/session_metadata",
  "system/session_state_changed",
  "system/session_title_changed",
  "system/status",
  "system/task_notification",
  "system/task_progress",
  "system/task_started",
  "system/task_summary",
  "system/task_updated",
  "system/thinking_tokens",
  "system/turn_duration",
  "system/turn_starting",
  "system/vcs_state_changed",
]);

const CODES: Readonly<Record<string, string>> = {
  compact_boundary: "compaction",
  informational: "information",
  instruction_size_warning: "instruction_size",
  model_consent_fallback: "model_fallback",
  model_fallback: "model_fallback",
  model_refusal_fallback: "model_fallback",
  model_refusal_no_fallback: "model_refusal",
  notification: "information",
};

/** Fields that every line has, or that a host can do nothing with. */
const LEFT_OUT = new Set(["type", "subtype", "uuid", "session_id", "content", "message"]);

export function isPassedOver(line: unknown): boolean {
  const { type, subtype } = recordOf(line);
  return PASSED_OVER.has(type === "system" ? `system/${String(subtype)}` : String(type));
}

/** Null when the line is none of the known. */
export function noticesOf(line: unknown): HarnessEvent[] | null {
  const fields = recordOf(line);
  const { type, subtype, content, message } = fields;
  if (type !== "system" || typeof subtype !== "string") return null;
  if (subtype === "api_retry") return retryNotice(line);
  const code = CODES[subtype];
  if (code === undefined) return null;
  const text = [content, message].find(
    (each): each is string => typeof each === "string" && each !== "",
  );
  const data = Object.fromEntries(Object.entries(fields).filter(([name]) => !LEFT_OUT.has(name)));
  return [{ type: "notice", code, message: text ?? subtype.replaceAll("_", " "), data }];
}

function retryNotice(line: unknown): HarnessEvent[] | null {
  const { data: retry } = RetryLine.safeParse(line);
  if (!retry) return null;
  const status = retry.error_status ?? null;
  const cause = [status, retry.error]
    .filter((each) => each !== null && each !== undefined)
    .join(" ");
  const message = `The model did not answer (${cause}); try ${retry.attempt} of ${retry.max_retries} follows in ${Math.round(retry.retry_delay_ms)} ms`;
  const data = {
    attempt: retry.attempt,
    maxAttempts: retry.max_retries,
    delayMs: Math.round(retry.retry_delay_ms),
    status,
  };
  return [{ type: "notice", code: "retry", message, data }];
}
