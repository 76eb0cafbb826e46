// The tools of a request: their names and schemas.
import { Ajv2020 } from "ajv/dist/2020.js";
import { checkName, isObject, textOf, type JsonObject, type Report } from "./report.ts";

export interface DeclaredTool {
  readonly name: unknown;
  readonly schema: unknown;
  readonly where: string;
}

const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
/** By its JSON: every request brings the same schemas. */
const judged = new Map<string, boolean>();

export function checkTools(
  tools: readonly DeclaredTool[],
  vendor: "anthropic" | "openai",
  report: Report,
): void {
  const seen = new Set<unknown>();
  for (const { name, schema, where } of tools) {
    checkName(name, where, report);
    if (seen.has(name)) report("tool-name-unique", `${where}: ${textOf(name)}`);
    seen.add(name);
    checkSchema(schema, `${where} (${textOf(name)})`, vendor, report);
  }
  if (vendor === "openai" && tools.length > 128) report("tool-count", `${tools.length} tools`);
}

function checkSchema(
  schema: unknown,
  where: string,
  vendor: "anthropic" | "openai",
  report: Report,
): void {
  if (!isObject(schema)) return report("schema-is-object", where);
  if (schema["type"] !== "object") report("schema-is-object", where);
  const refused = [
    "anyOf",
    "oneOf",
    "allOf",
    ...(vendor === "openai" ? ["enum", "not", "$ref"] : []),
  ];
  for (const word of refused) if (word in schema) report("schema-top-level", `${where}: ${word}`);
  if (!isValid(schema)) report("schema-valid", where);
  if (vendor === "anthropic") {
    for (const name of Object.keys(isObject(schema["properties"]) ? schema["properties"] : {}))
      if (!/^[a-zA-Z0-9_.-]{1,64}$/.test(name))
        report("schema-property-names", `${where}: ${name}`);
    return;
  }
  if (!isObject(schema["properties"])) report("schema-properties", where);
  checkItems(schema, where, report);
}

function isValid(schema: JsonObject): boolean {
  const key = JSON.stringify(schema);
  const known = judged.get(key);
  if (known !== undefined) return known;
  let valid = true;
  try {
    const { $id: _, $schema: __, ...rest } = schema;
    ajv.compile(rest);
  } catch {
    valid = false;
  }
  judged.set(key, valid);
  return valid;
}

/** Where a schema holds further schemas. */
const ONE = [
  "items",
  "additionalProperties",
  "not",
  "contains",
  "propertyNames",
  "if",
  "then",
  "else",
];
const MANY = ["anyOf", "oneOf", "allOf", "prefixItems"];
const NAMED = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

function checkItems(schema: unknown, where: string, report: Report): void {
  if (!isObject(schema)) return;
  const types = [schema["type"]].flat();
  if (
    types.includes("array") &&
    schema["items"] === undefined &&
    schema["prefixItems"] === undefined
  )
    report("schema-items", where);
  for (const word of ONE) checkItems(schema[word], `${where}.${word}`, report);
  for (const word of MANY)
    for (const each of [schema[word] ?? []].flat()) checkItems(each, `${where}.${word}`, report);
  for (const word of NAMED)
    for (const [name, each] of Object.entries(schema[word] ?? {}))
      checkItems(each, `${where}.${word}.${name}`, report);
}
