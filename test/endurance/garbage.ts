// Frames that nobody should send: random, torn, wrong in every place, and sometimes right by accident.
import { z } from "zod";
import { methods } from "../../src/wire/methods.ts";
import { tools } from "../../tools/index.ts";
import type { Chance } from "./seeded.ts";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export interface Frame {
  readonly data: string | Buffer;
  /** What must come back: an answer to this id, an error that names no id, a list, or nothing. */
  readonly wants: { readonly id: string | number } | "error" | "list" | "nothing";
}

const LONG = 100_000;

const schemas: readonly (readonly [string, Schema])[] = [
  ...Object.entries(methods).map(
    ([name, { params }]) =>
      [name, z.toJSONSchema(params, { io: "input", unrepresentable: "any" })] as const,
  ),
  ...tools.map(
    (tool) =>
      [tool.name, z.toJSONSchema(tool.input, { io: "input", unrepresentable: "any" })] as const,
  ),
] as readonly (readonly [string, Schema])[];

const STRINGS = [
  "x",
  "",
  ".",
  "..",
  "../../../../..",
  "a\u0000b",
  "\ud800",
  "\udfff\ud800",
  "__proto__",
  "constructor",
  "💥",
  "-n",
  "--help",
  "%00",
  "C:\\x",
  " ",
  "\n",
  "toString",
];
const NUMBERS = [
  0,
  1,
  -1,
  2,
  16,
  50,
  1.5,
  -0,
  1e21,
  -1e308,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
];

/** Values that JSON.stringify cannot write, as the text that stands for them until then. */
const IN_JSON: Readonly<Record<string, string>> = {
  infinite: "1e400",
  nested: `${'[{"a":'.repeat(10_000)}1${"}]".repeat(10_000)}`,
  deep: `${'[{"a":'.repeat(80)}1${"}]".repeat(80)}`,
};

function toJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /"<(\w+)>"/g,
    (text, name: string) => IN_JSON[name] ?? text,
  );
}

export class Garbage {
  readonly #chance: Chance;
  #lastId = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  frame(): Frame {
    return this.#chance.pick([
      () => this.#call(),
      () => this.#call(),
      () => this.#call(),
      () => this.#call(),
      () => this.#noise(),
      () => this.#torn(),
      () => this.#misshapen(),
      () => this.#wrongId(),
      () => this.#batch(),
      () => this.#deepCall(),
      () => this.#polluting(),
    ])();
  }

  #bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.#chance.between(0, 255)));
  }

  /** Random bytes: as bytes, and as the text that they would be. */
  #noise(): Frame {
    const bytes = this.#bytes(this.#chance.between(1, 300));
    return {
      data: this.#chance.next() < 0.5 ? bytes : `\u0001${bytes.toString("latin1")}`,
      wants: "error",
    };
  }

  #torn(): Frame {
    const { text } = this.#message();
    return { data: text.slice(0, this.#chance.between(0, text.length - 1)), wants: "error" };
  }

  /** JSON, but no message. */
  #misshapen(): Frame {
    const values: unknown[] = [
      null,
      true,
      1,
      "x",
      [],
      {},
      { jsonrpc: "1.0", id: 1, method: "daemon_info" },
      { jsonrpc: "2.0", id: {}, method: "daemon_info" },
      { jsonrpc: "2.0", method: 7 },
      { jsonrpc: 2 },
      { id: "no id of ours" },
      Array.from({ length: 101 }, () => 1),
    ];
    const value = this.#chance.pick(values);
    if (
      typeof value === "object" &&
      value !== null &&
      "id" in value &&
      typeof value.id !== "object"
    )
      return { data: JSON.stringify(value), wants: { id: value.id as string } };
    return { data: JSON.stringify(value), wants: "error" };
  }

  #wrongId(): Frame {
    const ids = [
      "1e400",
      "-1e999",
      "1.5",
      "9007199254740993",
      "[]",
      "{}",
      "true",
      "null",
      JSON.stringify("i".repeat(LONG)),
      "12345678901234567890123",
    ];
    return {
      data: `{"jsonrpc":"2.0","id":${this.#chance.pick(ids)},"method":"daemon_info"}`,
      wants: "error",
    };
  }

  #batch(): Frame {
    const parts = Array.from({ length: this.#chance.between(1, 8) }, () =>
      this.#chance.next() < 0.5 ? "7" : this.#message().text,
    );
    return { data: `[${parts.join(",")}]`, wants: "list" };
  }

  #call(): Frame {
    const { id, text } = this.#message();
    if (this.#chance.next() < 0.03)
      return { data: text.replace(/"id":"?[^,]*,/, ""), wants: "nothing" };
    return { data: text, wants: { id } };
  }

  /** Nested so deep that whoever follows it by recursion falls over. */
  #deepCall(): Frame {
    const [name, schema] = this.#chance.pick(schemas);
    const fields = Object.keys(schema.properties ?? {});
    const plausible = this.#plausible(schema, 0) as Record<string, unknown>;
    const field = this.#chance.pick(["x", ...fields]);
    const inside = this.#chance.pick([
      "<nested>",
      "<deep>",
      { x: "<deep>" },
      ["<deep>"],
      { native: "<deep>", properties: { a: "<deep>" } },
    ]);
    const id = ++this.#lastId;
    return {
      data: toJson({ jsonrpc: "2.0", id, method: name, params: { ...plausible, [field]: inside } }),
      wants: { id },
    };
  }

  #polluting(): Frame {
    const [name] = this.#chance.pick(schemas);
    const id = ++this.#lastId;
    const evil = this.#chance.pick([
      '"__proto__":{"polluted":true}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"__proto__":null',
      '"toString":1,"hasOwnProperty":2',
    ]);
    const params = toJson(this.#plausibleFor(name)).replace("{", `{${evil},`).replace(",}", "}");
    return {
      data: `{"jsonrpc":"2.0","id":${id},"method":"${name}",${evil},"params":${params}}`,
      wants: { id },
    };
  }

  #message(): { id: string | number; text: string } {
    const [name] = this.#chance.pick(schemas);
    const id = this.#chance.next() < 0.1 ? `text-${++this.#lastId}` : ++this.#lastId;
    const method = this.#chance.next() < 0.03 ? this.#chance.pick(STRINGS) : name;
    const params = this.#chance.next() < 0.05 ? this.#junk() : this.#plausibleFor(name);
    return { id, text: toJson({ jsonrpc: "2.0", id, method, params }) };
  }

  #plausibleFor(name: string): unknown {
    return this.#plausible(schemas.find(([each]) => each === name)?.[1] ?? {}, 0);
  }

  /** What the schema asks for, or now and then something else. */
  #plausible(schema: Schema, depth: number): unknown {
    if (depth > 0 && this.#chance.next() < 0.15) return this.#junk();
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return this.#plausible(this.#chance.pick(choices), depth);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return this.#chance.pick(schema.enum);
    if (schema.properties || schema.type === "object") return this.#plausibleObject(schema, depth);
    if (schema.type === "array")
      return Array.from({ length: this.#chance.between(0, 3) }, () =>
        this.#plausible(schema.items ?? {}, depth + 1),
      );
    if (schema.type === "string") return this.#chance.pick(STRINGS);
    if (schema.type === "integer" || schema.type === "number") return this.#chance.pick(NUMBERS);
    return schema.type === "boolean" ? this.#chance.next() < 0.5 : this.#junk();
  }

  #plausibleObject(schema: Schema, depth: number): Record<string, unknown> {
    const entries = Object.entries(schema.properties ?? {}).filter(() => this.#chance.next() < 0.7);
    const fields = entries.map(([name, each]) => [name, this.#plausible(each, depth + 1)] as const);
    return Object.fromEntries(
      this.#chance.next() < 0.05 ? [...fields, ["unknownField", this.#junk()]] : fields,
    );
  }

  #junk(): unknown {
    const values = [
      null,
      true,
      [],
      {},
      "<infinite>",
      [[]],
      { length: -1 },
      { name: "Error", message: 1 },
      "x".repeat(this.#chance.next() < 0.05 ? LONG : 10),
      ...STRINGS,
      ...NUMBERS,
    ];
    return this.#chance.pick(values);
  }
}
