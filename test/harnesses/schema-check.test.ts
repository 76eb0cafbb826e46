// The last word on structured answers: schemas of two drafts, answers as models write them.
import { CodedError } from "../../tools/coded-error.ts";
import { expect, test } from "vitest";
import { checkAnswer, compileSchema } from "../../harnesses/schema-check.ts";

test("what is wrong is said by place and limit, for a model to read", async () => {
  const check = await compileSchema({
    type: "object",
    properties: {
      age: { type: "integer", minimum: 18 },
      mail: { type: "string", format: "email" },
    },
    required: ["age", "name"],
    additionalProperties: false,
  });
  expect(check({ age: 20, name: "x" })).toContain('additional properties ("name")');
  const problems = check({ age: 3, mail: "nowhere", extra: 1 });
  expect(problems).toContain("/age must be >= 18");
  expect(problems).toContain("/mail must match format");
  expect(problems).toContain("required property 'name' (\"name\")");
  expect(problems).toContain('("extra")');
});

test("draft-07 and 2020-12 are told apart by $schema and by their words", async () => {
  const tuple07 = await compileSchema({
    type: "array",
    items: [{ type: "string" }, { type: "number" }],
    additionalItems: false,
  });
  expect(tuple07(["a", 1])).toBeNull();
  expect(tuple07([1, "a"])).not.toBeNull();
  const definitions = {
    $schema: "http://json-schema.org/draft-07/schema#",
    definitions: { id: { type: "integer" } },
    $ref: "#/definitions/id",
  };
  expect((await compileSchema(definitions))(7)).toBeNull();
  const tuple2020 = await compileSchema({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    prefixItems: [{ type: "string" }],
    unevaluatedItems: false,
  });
  expect(tuple2020(["a"])).toBeNull();
  expect(tuple2020(["a", "b"])).not.toBeNull();
});

test("a recursive schema is checked all the way down", async () => {
  const check = await compileSchema({
    $defs: {
      node: {
        type: "object",
        properties: { children: { type: "array", items: { $ref: "#/$defs/node" } } },
        required: ["children"],
      },
    },
    $ref: "#/$defs/node",
  });
  expect(check({ children: [{ children: [] }] })).toBeNull();
  expect(check({ children: [{}] })).toContain("/children/0");
});

test.each([
  ["a type that does not exist", { type: "strnig" }],
  ["a reference to nowhere", { $ref: "#/$defs/none" }],
  ["a reference out of the box", { $ref: "https://example.com/schema.json" }],
  ["a pattern that is none", { type: "string", pattern: "(" }],
])("%s is refused as invalid_schema", async (_, schema) => {
  await expect(compileSchema(schema)).rejects.toThrow(CodedError);
  await expect(compileSchema(schema)).rejects.toMatchObject({ code: "invalid_schema" });
});

test("the same schema can be compiled again, its $id included", async () => {
  const schema = { $id: "https://example.com/x", type: "string" };
  await compileSchema(schema);
  expect((await compileSchema(schema))("a")).toBeNull();
});

test("an answer may stand in a code fence, but not in prose", async () => {
  const check = await compileSchema({ type: "object", required: ["a"] });
  expect(checkAnswer('{"a": 1}', check)).toEqual({ ok: true, json: { a: 1 } });
  expect(checkAnswer('```json\n{"a": 1}\n```\n', check)).toEqual({ ok: true, json: { a: 1 } });
  expect(checkAnswer('Here it is: {"a": 1}', check)).toMatchObject({
    ok: false,
    problem: expect.stringContaining("not JSON alone") as string,
  });
  expect(checkAnswer("{}", check)).toMatchObject({
    ok: false,
    problem: expect.stringContaining("'a'") as string,
  });
});

test("a flood of problems is cut short", async () => {
  const check = await compileSchema({ type: "array", items: { type: "string" } });
  const problems = check(Array.from({ length: 1000 }, (_, index) => index)) ?? "";
  expect(problems.split("\n")).toHaveLength(21);
  expect(problems).toContain("and 980 more");
});
