// Schemas of MCP servers as strict providers take them, after public reports.
import { expect, test } from "vitest";
import { adaptSchema } from "../../../../harnesses/native/tools/tool-schemas.ts";

const of = (a: object): object => ({ type: "object", properties: { a } });

test.each([
  ["an array without items (bnbchain-mcp#68)", { type: "array" }, { type: "array", items: {} }],
  [
    "values of another type on the branch of null (oh-my-pi#2652)",
    {
      anyOf: [
        { type: "string", enum: ["A"] },
        { type: "null", enum: ["A"] },
      ],
    },
    { anyOf: [{ type: "string", enum: ["A"] }, { type: "null" }] },
  ],
  [
    "the items' values on the array (oh-my-pi#2652)",
    { type: "array", items: { type: "integer" }, enum: [0, 1] },
    { type: "array", items: { type: "integer" } },
  ],
  [
    "values that are right",
    { type: ["string", "null"], enum: ["A", null] },
    { type: ["string", "null"], enum: ["A", null] },
  ],
])("%s", async (_, given, wanted) => {
  expect(await adaptSchema(of(given))).toMatchObject({ schema: of(wanted) });
});

test("a schema that is not about an object is a problem of its tool alone (atlas-ui-3#727)", async () => {
  expect(await adaptSchema({ type: "string" })).toHaveProperty("problem");
});
