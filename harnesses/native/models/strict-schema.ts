// A caller's schema narrowed to what servers can hold a model to. The real schema is checked afterwards in any case.

type Schema = Readonly<Record<string, unknown>>;

/** Words that servers keep to, or that say nothing about the value. */
const KEPT = new Set([
  "type",
  "description",
  "title",
  "enum",
  "const",
  "properties",
  "required",
  "items",
  "anyOf",
  "$ref",
  "$defs",
  "additionalProperties",
]);
/** Leaving these out would let through too much of what the caller meant, or change what is accepted. */
const BEYOND = new Set([
  "allOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "patternProperties",
  "dependentSchemas",
  "dependencies",
  "prefixItems",
  "definitions",
  "contains",
  "unevaluatedProperties",
]);

/**
 * The schema as strict modes want it: objects closed, finer limits (lengths, ranges, patterns) left to the check.
 * Whatever satisfies it in form satisfies the caller's form too. Null when the schema says more than strict modes can.
 * `allRequired`: OpenAI takes no optional properties.
 */
export function strictSchema(
  schema: Schema,
  { allRequired }: { allRequired: boolean },
): Schema | null {
  if (schema["type"] !== "object" || "anyOf" in schema || hasReference(schema)) return null;
  return narrow(schema, allRequired);
}

function narrow(schema: unknown, allRequired: boolean): Schema | null {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return null;
  const given = schema as Schema;
  if (Object.keys(given).some((key) => BEYOND.has(key))) return null;
  const narrowed: Record<string, unknown> = Object.fromEntries(
    Object.entries(given).filter(([key]) => KEPT.has(key)),
  );
  if (given["type"] === "object" || given["properties"] !== undefined) {
    if (!isClosable(given, allRequired)) return null;
    narrowed["additionalProperties"] = false;
  } else if (
    given["type"] === undefined &&
    !["anyOf", "$ref", "enum", "const"].some((key) => key in given)
  )
    return null;
  return narrowChildren(narrowed, allRequired);
}

function isClosable(schema: Schema, allRequired: boolean): boolean {
  const names = Object.keys((schema["properties"] as Schema | undefined) ?? {});
  const open =
    schema["additionalProperties"] !== undefined && schema["additionalProperties"] !== false;
  const required = new Set((schema["required"] as string[] | undefined) ?? []);
  return names.length > 0 && !open && (!allRequired || names.every((name) => required.has(name)));
}

function narrowChildren(schema: Record<string, unknown>, allRequired: boolean): Schema | null {
  for (const key of ["properties", "$defs"]) {
    if (schema[key] === undefined) continue;
    const entries = Object.entries(schema[key] as Schema).map(
      ([name, child]) => [name, narrow(child, allRequired)] as const,
    );
    if (entries.some(([, child]) => child === null)) return null;
    schema[key] = Object.fromEntries(entries);
  }
  if (schema["items"] !== undefined) schema["items"] = narrow(schema["items"], allRequired);
  if (schema["items"] === null) return null;
  if (schema["anyOf"] !== undefined) {
    const branches = (schema["anyOf"] as unknown[]).map((branch) => narrow(branch, allRequired));
    if (branches.includes(null)) return null;
    schema["anyOf"] = branches;
  }
  return schema;
}

/** References are rare and may be recursive, which one of the servers refuses: any of them is given up on. */
function hasReference(schema: Schema): boolean {
  return JSON.stringify(schema).includes('"$ref"');
}
