// Which schemas servers can be held to, and in what form.
import { expect, test } from "vitest";
import { strictSchema } from "../../../../harnesses/native/models/strict-schema.ts";

const REQUIRED = { allRequired: true };
const OPTIONAL = { allRequired: false };

test("objects are closed all the way down, and finer limits are left to the check", () => {
  const inner = {
    type: "object",
    properties: { n: { type: "integer", minimum: 1 } },
    required: ["n"],
  };
  const schema = {
    type: "object",
    properties: { list: { type: "array", items: inner, maxItems: 3 } },
    required: ["list"],
  };
  expect(strictSchema(schema, REQUIRED)).toEqual({
    type: "object",
    properties: {
      list: {
        type: "array",
        items: {
          type: "object",
          properties: { n: { type: "integer" } },
          required: ["n"],
          additionalProperties: false,
        },
      },
    },
    required: ["list"],
    additionalProperties: false,
  });
});

test("a property named like a keyword is kept", () => {
  const schema = {
    type: "object",
    properties: { not: { type: "string" }, pattern: { type: "string" } },
    required: ["not", "pattern"],
  };
  expect(strictSchema(schema, REQUIRED)?.["properties"]).toEqual({
    not: { type: "string" },
    pattern: { type: "string" },
  });
});

test("optional properties stand in the way only where the server takes none", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } };
  expect(strictSchema(schema, REQUIRED)).toBeNull();
  expect(strictSchema(schema, OPTIONAL)).not.toBeNull();
});

test.each([
  [
    "free keys",
    {
      type: "object",
      properties: { a: { type: "object", additionalProperties: { type: "string" } } },
      required: ["a"],
    },
  ],
  ["an array at the root", { type: "array", items: { type: "string" } }],
  ["a recursive reference", { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] }],
  [
    "a negation",
    { type: "object", properties: { a: { type: "string" } }, required: ["a"], not: {} },
  ],
  ["anything at all", { type: "object", properties: { a: {} }, required: ["a"] }],
])("%s is more than strict modes can say", (_, schema) => {
  expect(strictSchema(schema, REQUIRED)).toBeNull();
});

test("the caller's schema is left as it was", () => {
  const schema = {
    type: "object",
    properties: { a: { anyOf: [{ type: "string", minLength: 2 }, { type: "null" }] } },
    required: ["a"],
  };
  const before = structuredClone(schema);
  expect(strictSchema(schema, REQUIRED)).not.toBeNull();
  expect(schema).toEqual(before);
});
