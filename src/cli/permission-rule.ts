// `--permission`: rules on an agent's tool calls as they are written on a command line.
import type { z } from "zod";
import type { PermissionPolicy } from "../wire/methods.ts";
import { UsageError } from "./usage-error.ts";

type Policy = z.input<typeof PermissionPolicy>;
type Decision = "allow" | "deny" | "ask";

export const PERMISSION_HELP =
  "DECISION[:TOOL[:PATTERN]], such as ask:shell_exec, deny:*:rm * or allow; without a tool for all that no rule matches; may be repeated";

/** Throws UsageError, which shows the form. */
export function permissionsOf(rules: readonly string[]): Policy {
  const parsed = rules.map(parse);
  const others = parsed.filter((rule) => rule.tool === undefined).map((rule) => rule.decision);
  if (new Set(others).size > 1)
    throw new UsageError("--permission: only one decision can hold for all that no rule matches");
  const [otherwise] = others;
  return {
    rules: parsed.flatMap(({ decision, tool, pattern }) =>
      tool === undefined ? [] : [{ decision, tool, ...(pattern !== undefined && { pattern }) }],
    ),
    ...(otherwise && { otherwise }),
  };
}

function parse(rule: string): { decision: Decision; tool?: string; pattern?: string } {
  const [, decision, tool, pattern] = /^(allow|deny|ask)(?::([^:]+)(?::(.+))?)?$/s.exec(rule) ?? [];
  if (decision === undefined)
    throw new UsageError(
      `--permission: wanted allow, deny or ask, then :TOOL and :PATTERN if it is only for some calls; found ${JSON.stringify(rule)}`,
    );
  return {
    decision: decision as Decision,
    ...(tool !== undefined && { tool }),
    ...(pattern !== undefined && { pattern }),
  };
}
