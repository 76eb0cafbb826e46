// Small faults in schemas, as servers of older drafts and of other languages write them, mended one schema at a time.
import { isObject, type Json } from "../gate/json.ts";

const TYPES = new Set<unknown>([
  "string",
  "number",
  "integer",
  "boolean",
  "object",
  "array",
  "null",
]);
/** What Python calls them. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  str: "string",
  int: "integer",
  float: "number",
  bool: "boolean",
  dict: "object",
  list: "array",
};

/** The same where nothing is to be mended. */
export function mended(schema: Json): Json {
  let better = schema;
  const change = (fields: Json): void => void (better = { ...better, ...fields });
  const drop = (name: string): void => {
    const { [name]: _, ...rest } = better;
    better = rest;
  };
  const type =
    typeof schema["type"] === "string"
      ? (OTHER_TYPES[schema["type"]] ?? schema["type"])
      : schema["type"];
  if (typeof type === "string" && !TYPES.has(type)) drop("type");
  else if (type !== schema["type"]) change({ type });
  if (Array.isArray(schema["items"])) {
    change({ prefixItems: schema["items"] });
    drop("items");
  }
  const isArray = [better["type"]].flat().includes("array");
  if (isArray && better["items"] === undefined && better["prefixItems"] === undefined)
    change({ items: {} });
  const values = valuesOf(better);
  if (values?.length === 0) drop("enum");
  else if (values) change({ enum: values });
  if (typeof schema["required"] === "boolean") drop("required"); // draft 3
  for (const [exclusive, limit] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const) {
    if (typeof schema[exclusive] !== "boolean") continue; // draft 4
    const bound = schema[limit];
    drop(exclusive);
    if (schema[exclusive] && typeof bound === "number") {
      drop(limit);
      change({ [exclusive]: bound });
    }
  }
  return better;
}

/** The values of an enumeration that its own type allows, which strict servers insist on; undefined where all are. */
function valuesOf({ enum: values, type }: Json): unknown[] | undefined {
  if (!Array.isArray(values) || type === undefined) return undefined;
  const types = [type].flat();
  const kept = values.filter((value) => types.some((each) => isOfType(value, each)));
  return kept.length === values.length ? undefined : kept;
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return isObject(value);
  return typeof value === type;
}

const ONE = new Set([
  "items",
  "additionalProperties",
  "not",
  "contains",
  "propertyNames",
  "if",
  "then",
  "else",
]);
const MANY = new Set(["anyOf", "oneOf", "allOf", "prefixItems", "items"]);
const NAMED = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);

/** Every schema within it, and then itself. */
export function mapSchemas(schema: Json, change: (schema: Json) => Json): Json {
  const inner = (value: unknown): unknown => (isObject(value) ? mapSchemas(value, change) : value);
  const fields = Object.entries(schema).map(([word, value]): [string, unknown] => {
    if (MANY.has(word) && Array.isArray(value)) return [word, value.map(inner)];
    if (ONE.has(word)) return [word, inner(value)];
    if (NAMED.has(word) && isObject(value))
      return [
        word,
        Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)])),
      ];
    return [word, value];
  });
  return change(Object.fromEntries(fields));
}
