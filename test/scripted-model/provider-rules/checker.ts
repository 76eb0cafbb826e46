// Stands between an agent and the scripted model: says which of a provider's rules a request breaks. Pure.
import type { ModelDialect } from "../../../harnesses/providers.ts";
import { checkAnthropic } from "./anthropic-checks.ts";
import { checkChat } from "./chat-checks.ts";
import { checkResponses } from "./responses-checks.ts";
import { providerRules, type RuleName } from "./rules.ts";
import { isObject, type JsonObject, type Report } from "./report.ts";

export interface Violation {
  readonly rule: RuleName;
  /** The place in the request, and what stands there. */
  readonly where: string;
}

const CHECKS: Readonly<Record<ModelDialect, (body: JsonObject, report: Report) => void>> = {
  "anthropic-messages": checkAnthropic,
  "openai-responses": checkResponses,
  "openai-chat": checkChat,
};

/** Empty for a request that a provider would take. */
export function violationsOf(dialect: ModelDialect, body: unknown): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, where) => {
    if (!(providerRules[rule].dialects as readonly ModelDialect[]).includes(dialect))
      throw new Error(`The rule ${rule} is not one of ${dialect}`);
    violations.push({ rule, where });
  };
  if (!isObject(body)) return [{ rule: "fields-are-there", where: "body" }];
  checkStrings(body, "body", report);
  CHECKS[dialect](body, report);
  return violations;
}

function checkStrings(value: unknown, where: string, report: Report): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) report("well-formed-text", where);
  } else if (Array.isArray(value))
    value.forEach((each, index) => checkStrings(each, `${where}[${index}]`, report));
  else if (isObject(value))
    for (const [name, each] of Object.entries(value)) {
      if (!name.isWellFormed()) report("well-formed-text", `${where}: a field's name`);
      checkStrings(each, `${where}.${name}`, report);
    }
}
