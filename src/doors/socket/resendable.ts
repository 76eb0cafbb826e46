// What hosts may send again when the line broke before the answer.
import type { Tool } from "../../../tools/tool.ts";
import type { MethodRecord } from "../../wire/method-record.ts";
import { methods, type MethodResult } from "../../wire/methods.ts";

/** By method and tool. A tool that only reads may always be sent again. */
export function resendable(tools: readonly Tool[]): MethodResult<"daemon_info">["resend"] {
  const entries = Object.entries<MethodRecord>(methods).flatMap(([name, { resend }]) =>
    resend === "never" ? [] : [[name, resend] as const],
  );
  const reading = tools
    .filter((tool) => tool.effect === "read")
    .map((tool) => [tool.name, "always"] as const);
  return Object.fromEntries([...entries, ...reading]);
}
