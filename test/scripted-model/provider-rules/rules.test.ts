// The checker itself: what each rule refuses, and that docs/provider-rules.md says what is checked. `-u` writes it anew.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ModelDialect } from "../../../harnesses/providers.ts";
import { violationsOf } from "./checker.ts";
import { providerRules, type ProviderRule, type RuleName } from "./rules.ts";

const DOCUMENT = join(import.meta.dirname, "../../../docs/provider-rules.md");
const NAMES: Readonly<Record<ModelDialect, string>> = {
  "anthropic-messages": "Anthropic Messages",
  "openai-responses": "OpenAI Responses",
  "openai-chat": "OpenAI chat completions",
};

function document(): string {
  const rules = Object.entries(providerRules as Record<string, ProviderRule>);
  const sections = rules.map(([name, { dialects, says, sources }]) => {
    const held = dialects.map((dialect) => NAMES[dialect]).join(", ");
    const known = sources.map(
      (source) => `- ${source.startsWith("http") ? `<${source}>` : source}`,
    );
    return [`## ${name}`, says, `Held by: ${held}.`, known.join("\n")].join("\n\n");
  });
  const head = `# What model providers refuse

A request that breaks one of these is answered with 400, and since a conversation is sent whole each time, so is every later one. \`harnesses/native/gate\` makes each request of \`native\` keep them; in the tests a checker stands in front of the scripted model (\`test/scripted-model/provider-rules\`) and refuses what a provider would. Written by \`npx vitest run test/scripted-model/provider-rules -u\` from the rules themselves.`;
  return `${[head, ...sections].join("\n\n")}\n`;
}

test("docs/provider-rules.md says what the checker holds requests to", async () => {
  await expect(document()).toMatchFileSnapshot(DOCUMENT);
});

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const user = (content: unknown) => ({ role: "user", content });
const model = (content: unknown) => ({ role: "assistant", content });
const text = (said: string) => ({ type: "text", text: said });
const use = (id: string, more: object = {}) => ({
  type: "tool_use",
  id,
  name: "t",
  input: {},
  ...more,
});
const result = (tool_use_id: string) => ({ type: "tool_result", tool_use_id, content: "ok" });
const image = (media_type: string, data: string) => ({
  type: "image",
  source: { type: "base64", media_type, data },
});
const tools = [{ name: "t", input_schema: { type: "object", properties: {} } }];
const withSchema = (input_schema: unknown) => ({
  messages: [user("x")],
  tools: [{ name: "t", input_schema }],
});

type Cases = readonly (readonly [RuleName, object])[];

const ANTHROPIC: Cases = [
  ["well-formed-text", { messages: [user("\ud83d!")] }],
  ["conversation-present", { messages: [] }],
  ["first-from-user", { messages: [model("x"), user("y")] }],
  ["message-not-empty", { messages: [user([])] }],
  ["text-not-blank", { messages: [user([text(" \n")])] }],
  ["no-trailing-space", { messages: [user("x"), model("half ")] }],
  ["fields-are-there", { messages: [user([{ type: "text" }])] }],
  ["call-answered", { messages: [user("x"), model([use("a")]), user("y")], tools }],
  ["answer-called-for", { messages: [user([result("a")])], tools }],
  [
    "answers-first",
    { messages: [user("x"), model([use("a")]), user([text("y"), result("a")])], tools },
  ],
  [
    "call-id-unique",
    { messages: [user("x"), model([use("a"), use("a")]), user([result("a"), result("a")])], tools },
  ],
  ["call-id-form", { messages: [user("x"), model([use("a.b")]), user([result("a.b")])], tools }],
  [
    "call-input",
    { messages: [user("x"), model([use("a", { input: "{}" })]), user([result("a")])], tools },
  ],
  [
    "tool-name-form",
    { messages: [user("x"), model([use("a", { name: "f.t" })]), user([result("a")])], tools },
  ],
  ["tool-name-unique", { messages: [user("x")], tools: [...tools, ...tools] }],
  ["tools-declared", { messages: [user("x"), model([use("a")]), user([result("a")])] }],
  ["schema-is-object", withSchema({ properties: {} })],
  ["schema-top-level", withSchema({ type: "object", anyOf: [{ required: ["a"] }] })],
  ["schema-valid", withSchema({ type: "object", properties: { a: { type: "any" } } })],
  [
    "schema-property-names",
    withSchema({ type: "object", properties: { "filter[id]": { type: "string" } } }),
  ],
  ["image-type", { messages: [user([image("image/jpeg", PNG)])] }],
  ["image-size", { messages: [user([image("image/png", "")])] }],
  [
    "image-dimensions",
    { messages: [user(Array.from({ length: 101 }, () => image("image/png", PNG)))] },
  ],
  [
    "pdf-is-pdf",
    {
      messages: [
        user([{ type: "document", source: { media_type: "application/pdf", data: PNG } }]),
      ],
    },
  ],
  [
    "thinking-signed",
    {
      messages: [
        user("x"),
        model([{ type: "thinking", thinking: "hm", signature: "" }, text("y")]),
        user("z"),
      ],
    },
  ],
  [
    "thinking-not-last",
    {
      messages: [
        user("x"),
        model([{ type: "thinking", thinking: "hm", signature: "s" }]),
        user("z"),
      ],
    },
  ],
  [
    "thinking-begins",
    {
      max_tokens: 9_000,
      thinking: { type: "enabled", budget_tokens: 2_000 },
      messages: [user("x"), model([use("a")]), user([result("a")])],
      tools,
    },
  ],
  [
    "thinking-disabled",
    {
      messages: [
        user("x"),
        model([{ type: "thinking", thinking: "hm", signature: "s" }, text("y")]),
      ],
    },
  ],
  [
    "thinking-budget",
    {
      max_tokens: 1_500,
      thinking: { type: "enabled", budget_tokens: 2_000 },
      messages: [user("x")],
    },
  ],
  [
    "cache-marks",
    {
      messages: [
        user(
          Array.from({ length: 5 }, () => ({ ...text("x"), cache_control: { type: "ephemeral" } })),
        ),
      ],
    },
  ],
];
const message = (role: string, content: string) => ({ type: "message", role, content });
const call = (call_id: string, more: object = {}) => ({
  type: "function_call",
  call_id,
  name: "t",
  arguments: "{}",
  ...more,
});
const output = (call_id: string, said = "ok") => ({
  type: "function_call_output",
  call_id,
  output: said,
});
const sealed = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "sealed" };
const functions = (parameters: unknown) => ({
  input: "x",
  tools: [{ type: "function", name: "t", parameters }],
});

const RESPONSES: Cases = [
  ["conversation-present", { input: [] }],
  ["text-not-blank", { input: [message("user", " ")] }],
  ["call-answered", { input: [call("a"), message("user", "x")] }],
  ["answer-called-for", { input: [message("user", "x"), output("a")] }],
  ["call-id-form", { input: [call("a".repeat(65)), output("a".repeat(65))] }],
  ["call-input", { input: [call("a", { arguments: '{"a": "b' }), output("a")] }],
  ["reasoning-followed", { input: [sealed, message("user", "x")] }],
  [
    "reasoning-sealed",
    {
      store: false,
      input: [
        { ...sealed, encrypted_content: null },
        message("assistant", "x"),
        message("user", "y"),
      ],
    },
  ],
  ["item-id-form", { input: [call("a", { id: "item_1" }), output("a")] }],
  ["schema-properties", functions({ type: "object" })],
  ["schema-items", functions({ type: "object", properties: { a: { type: "array" } } })],
  ["schema-top-level", functions({ type: "object", properties: {}, not: {} })],
  [
    "tool-count",
    {
      input: "x",
      tools: Array.from({ length: 129 }, (_, index) => ({
        type: "function",
        name: `t${index}`,
        parameters: { type: "object", properties: {} },
      })),
    },
  ],
];
const calling = (id: string, more: object = {}) => ({
  role: "assistant",
  content: null,
  tool_calls: [{ id, type: "function", function: { name: "t", arguments: "{}", ...more } }],
});
const answer = (tool_call_id: string) => ({ role: "tool", tool_call_id, content: "ok" });

const CHAT: Cases = [
  ["conversation-present", { messages: [{ role: "system", content: "S" }] }],
  ["first-from-user", { messages: [model("x"), user("y")] }],
  ["roles-alternate", { messages: [user("x"), user("y")] }],
  ["last-not-from-model", { messages: [user("x"), model("y")] }],
  ["message-not-empty", { messages: [user("x"), { role: "assistant", content: null }, user("y")] }],
  ["call-answered", { messages: [user("x"), calling("a"), user("y")] }],
  ["answer-called-for", { messages: [user("x"), answer("a")] }],
  [
    "call-id-unique",
    { messages: [user("x"), calling("a"), answer("a"), calling("a"), answer("a")] },
  ],
  [
    "call-id-form",
    { model: "gpt-5.5", messages: [user("x"), calling("a".repeat(41)), answer("a".repeat(41))] },
  ],
  ["call-input", { messages: [user("x"), calling("a", { arguments: "{" }), answer("a")] }],
  ["tool-name-form", { messages: [user("x"), calling("a", { name: "functions.t" }), answer("a")] }],
];

const DIALECTS: Readonly<Record<ModelDialect, Cases>> = {
  "anthropic-messages": ANTHROPIC,
  "openai-responses": RESPONSES,
  "openai-chat": CHAT,
};

describe.each(Object.entries(DIALECTS))("%s", (dialect, cases) => {
  test.each(cases)("%s is refused where it is broken", (rule, body) => {
    expect(violationsOf(dialect as ModelDialect, body).map((each) => each.rule)).toContain(rule);
  });
});

test("every rule is shown to refuse something", () => {
  const shown = new Set(Object.values(DIALECTS).flatMap((cases) => cases.map(([rule]) => rule)));
  expect(Object.keys(providerRules).filter((rule) => !shown.has(rule as RuleName))).toEqual([]);
});

test("a plain conversation breaks none of them", () => {
  expect(
    violationsOf("anthropic-messages", {
      messages: [user("x"), model([text("y"), use("a")]), user([result("a"), text("z")])],
      tools,
    }),
  ).toEqual([]);
  expect(
    violationsOf("openai-responses", {
      store: false,
      input: [message("user", "x"), sealed, call("a"), output("a")],
    }),
  ).toEqual([]);
  expect(
    violationsOf("openai-chat", { messages: [user("x"), calling("a"), answer("a"), user("z")] }),
  ).toEqual([]);
});
