// A tool's schema as every provider takes it: one that they would refuse would cost the run all of its tools.
import { isObject, objectsOf, textOf, type Json } from "../gate/json.ts";
import { mapSchemas, mended } from "./schema-mending.ts";

export type AdaptedSchema =
  | {
      readonly schema: Json;
      /** What the schema can no longer say, in words for the tool's description. */
      readonly note: string;
      /** Gives the input back the names of properties that had to be changed. */
      readonly restore: (input: Json) => Json;
    }
  | { readonly problem: string };

const PROPERTY_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;
const MAX_REFERENCES = 20;

/** What is right already stays as it is. */
export async function adaptSchema(given: unknown): Promise<AdaptedSchema> {
  if (!isObject(given)) return { problem: "its input schema is no object" };
  const root = flattened(withoutRootReference(given));
  if (root === null) return { problem: "its input schema is not that of an object" };
  const { schema: renamed, restore } = withSayableNames(mapSchemas(root.schema, mended));
  const schema = asObject(renamed);
  const problem = await problemOf(schema);
  if (problem !== null) return { problem: `its input schema is not valid: ${problem}` };
  return { schema: isSame(schema, given) ? given : schema, note: root.note, restore };
}

/** The words that OpenAI refuses at the top go: the server checks the input itself. */
function asObject(schema: Json): Json {
  const { enum: _, not: __, ...rest } = schema;
  const properties = isObject(rest["properties"]) ? rest["properties"] : {};
  return { ...rest, type: "object", properties };
}

function isSame(one: Json, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function withoutRootReference(schema: Json): Json {
  let { $ref: reference, ...root } = schema;
  for (let count = 0; typeof reference === "string" && count < MAX_REFERENCES; count++) {
    const { $ref: next, ...target } = resolve(schema, reference) ?? {};
    root = Object.assign({}, target, root);
    reference = next;
  }
  return root;
}

function resolve(root: Json, reference: string): Json | null {
  if (!reference.startsWith("#/")) return null;
  let place: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    place = isObject(place) ? place[name] : undefined;
  }
  return isObject(place) ? place : null;
}

/** Alternatives at the top become one object that has the properties of all. Null: it is not about an object. */
function flattened(schema: Json): { schema: Json; note: string } | null {
  const { anyOf, oneOf, allOf, ...root } = schema;
  const type = root["type"];
  if (type !== undefined && ![type].flat().includes("object")) return null;
  let merged = root;
  for (const branch of branchesOf(schema, allOf)) merged = joined(merged, branch, "all");
  const notes: string[] = [];
  for (const list of [anyOf, oneOf]) {
    const branches = branchesOf(schema, list);
    if (branches.length === 0) continue;
    const [first = {}, ...others] = branches;
    const either = others.reduce((sum, branch) => joined(sum, branch, "common"), first);
    merged = joined(merged, either, "all");
    const needs = branches.map((branch) => requiredOf(branch).join(", ") || "nothing more");
    notes.push(
      `Give one of these sets of properties: ${needs.map((each) => `(${each})`).join(" or ")}.`,
    );
  }
  return { schema: merged, note: notes.join(" ") };
}

/** With what they refer to, and their own alternatives flattened too. */
function branchesOf(root: Json, list: unknown): Json[] {
  const definitions = { $defs: root["$defs"], definitions: root["definitions"] };
  return objectsOf(list).flatMap((branch) => {
    const flat = flattened(withoutRootReference({ ...definitions, ...branch }));
    if (flat === null) return [];
    const { $defs: _, definitions: __, ...rest } = flat.schema;
    return [rest];
  });
}

function joined(one: Json, other: Json, required: "all" | "common"): Json {
  const fields = (schema: Json): Json =>
    isObject(schema["properties"]) ? schema["properties"] : {};
  const [mine, theirs] = [requiredOf(one), requiredOf(other)];
  const names =
    required === "all"
      ? [...new Set([...mine, ...theirs])]
      : mine.filter((name) => theirs.includes(name));
  const { required: _, additionalProperties: __, ...rest } = one;
  return {
    ...rest,
    properties: { ...fields(one), ...fields(other), ...fields(one) },
    ...(names.length > 0 && { required: names }),
  };
}

function requiredOf(schema: Json): string[] {
  return Array.isArray(schema["required"]) ? schema["required"].map(textOf).filter(Boolean) : [];
}

/** Anthropic takes only plain names at the top; the server gets its own back. */
function withSayableNames(schema: Json): { schema: Json; restore: (input: Json) => Json } {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const taken = new Set(Object.keys(properties));
  const changed = new Map<string, string>();
  for (const name of taken) {
    if (PROPERTY_NAME.test(name)) continue;
    const plain = name.replaceAll(/[^a-zA-Z0-9_.-]/g, "_").slice(0, 56) || "property";
    let given = plain;
    for (let count = 2; taken.has(given); count++) given = `${plain}_${count}`;
    taken.add(given);
    changed.set(name, given);
  }
  if (changed.size === 0) return { schema, restore: (input) => input };
  const renamed = Object.entries(properties).map(([name, each]) => [
    changed.get(name) ?? name,
    each,
  ]);
  const back = new Map([...changed].map(([name, given]) => [given, name]));
  const required = requiredOf(schema).map((name) => changed.get(name) ?? name);
  return {
    schema: {
      ...schema,
      properties: Object.fromEntries(renamed) as Json,
      ...(required.length > 0 && { required }),
    },
    restore: (input) =>
      Object.fromEntries(
        Object.entries(input).map(([name, each]) => [back.get(name) ?? name, each]),
      ),
  };
}

/** Null for a schema of 2020-12 whose references lead somewhere. */
async function problemOf(schema: Json): Promise<string | null> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
  try {
    const { $id: _, $schema: __, ...rest } = schema;
    ajv.compile(rest);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
