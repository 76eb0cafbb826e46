// Conversations for the gate's property tests: any that a model, a host and a crash can leave behind, and those that are right.
import {
  array,
  boolean,
  constant,
  constantFrom,
  dictionary,
  integer,
  nat,
  oneof,
  record,
  string,
  type Arbitrary,
} from "fast-check";
import type { Turn, UserPart } from "../../../../harnesses/native/models/turn.ts";
import type { ModelDialect } from "../../../../harnesses/providers.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const PDF = Buffer.from("%PDF-1.7\n").toString("base64");

const oddText = oneof(
  { weight: 4, arbitrary: string({ unit: "grapheme", maxLength: 12 }) },
  constantFrom("", " ", "\n\t", "\ud83d", "x\udc00", "a\ud83dz", "ends with space \n"),
);
const id = constantFrom(
  "call_0",
  "call_0",
  "call_1",
  "a.b",
  "a_b",
  "functions.x:0",
  "",
  " ",
  "i".repeat(90),
  "\ud83d",
);
const name = constantFrom(
  "shell_exec",
  "functions.shell_exec",
  "",
  "n".repeat(80),
  "ünïcode",
  "a b",
  "\udc00",
);
const fieldValue = oneof(oddText, integer(), constant(null), array(oddText, { maxLength: 2 }));
const input = dictionary(oddText, fieldValue, { maxKeys: 3 }) as Arbitrary<Record<string, unknown>>;

const oddPart: Arbitrary<UserPart> = oneof(
  { weight: 3, arbitrary: oddText.map((text) => ({ type: "text" as const, text })) },
  record({
    type: constant("image" as const),
    mediaType: constantFrom("image/png" as const, "image/jpeg" as const, "image/gif" as const),
    data: constantFrom(PNG, GIF, "", "no base64!", "AAAA"),
  }),
  record({ type: constant("pdf" as const), name: oddText, data: constantFrom(PDF, PNG, "") }),
);

const anthropicBlock = oneof(
  record({ type: constant("text"), text: oneof(oddText, constant(undefined)) }),
  record({
    type: constant("thinking"),
    thinking: oddText,
    signature: constantFrom("sig", "", undefined),
  }),
  record({ type: constant("redacted_thinking"), data: constantFrom("sealed", "") }),
  record({ type: constant("tool_use"), id, name, input: oneof(input, oddText) }),
  constantFrom({}, null, "text", { type: 7 }, { type: "tool_result" }),
);
const responsesItem = oneof(
  record({
    type: constant("message"),
    id: constantFrom("msg_1", "item_1", undefined, "msg_".padEnd(80, "x")),
    role: constant("assistant"),
    content: array(
      record({
        type: constantFrom("output_text", "refusal"),
        text: oddText,
        refusal: oddText,
      }),
      { maxLength: 2 },
    ),
  }),
  record({
    type: constant("reasoning"),
    id: constantFrom("rs_1", "rs_2", "x"),
    summary: constantFrom([], undefined),
    encrypted_content: constantFrom("sealed", "", undefined),
  }),
  record({
    type: constant("function_call"),
    id: constantFrom("fc_1", "item_1", undefined),
    call_id: id,
    name,
    arguments: oneof(
      input.map((each) => JSON.stringify(each)),
      constantFrom('{"a": "b', "", "[]", "null", undefined),
    ),
  }),
  constantFrom({}, null, { type: 7 }),
);
const chatRaw = record({
  reasoningDetails: constantFrom([], [{ type: "reasoning.text", text: "x" }], undefined, "no"),
  reasoningContent: oneof(oddText, constant(undefined)),
});
const RAW: Readonly<Record<ModelDialect, Arbitrary<unknown>>> = {
  "anthropic-messages": array(anthropicBlock, { maxLength: 4 }),
  "openai-responses": array(responsesItem, { maxLength: 4 }),
  "openai-chat": chatRaw,
};

/** Whatever can stand in a transcript; `model` is the one that is asked. */
export function anyHistory(dialect: ModelDialect, model: string): Arbitrary<Turn[]> {
  const content = oneof({ weight: 5, arbitrary: RAW[dialect] }, constantFrom(null, {}, "x"));
  const raw = oneof(
    content.map((kept: unknown) => ({ model, content: kept })),
    constant({ model: "other/model", content: null }),
  );
  const turn: Arbitrary<Turn> = oneof(
    array(oddPart, { maxLength: 3 }).map((parts) => ({ role: "user" as const, parts })),
    record({
      role: constant("model" as const),
      text: oddText,
      calls: array(record({ toolCallId: id, name, input }), { maxLength: 3 }),
      raw,
    }),
    record({
      role: constant("tool" as const),
      toolCallId: id,
      name,
      text: oddText,
      failed: boolean(),
      media: array(oddPart, { maxLength: 2 }),
    }),
    oddText.map((text) => ({ role: "summary" as const, text, keep: 0 })),
  );
  return array(turn, { maxLength: 8 });
}

interface Step {
  readonly asked: string;
  readonly said: string;
  readonly calls: number;
  readonly thought: boolean;
  readonly image: boolean;
}

const goodText = string({ unit: "grapheme", minLength: 1, maxLength: 12 }).map(
  (text) => `a${text}z`,
);

/** As a run leaves it that met nothing odd: what is right must go out as it is. */
export function rightHistory(dialect: ModelDialect, model: string): Arbitrary<Turn[]> {
  const step = record({
    asked: goodText,
    said: goodText,
    calls: nat(2),
    thought: dialect === "anthropic-messages" ? constant(true) : boolean(), // with a budget it always does
    image: boolean(),
  });
  const last: Turn = { role: "user", parts: [{ type: "text", text: "last" }] };
  return array(step, { minLength: 1, maxLength: 4 }).map((steps) =>
    steps.flatMap((each, index) => turnsOf(each, index, dialect, model)).concat(last),
  );
}

function turnsOf(step: Step, index: number, dialect: ModelDialect, model: string): Turn[] {
  const calls = Array.from({ length: step.calls }, (_, at) => ({
    toolCallId: `call_${index}_${at}`,
    name: "shell_exec",
    input: { command: step.said },
  }));
  const asked: Turn = {
    role: "user",
    parts: [
      { type: "text", text: step.asked },
      ...(step.image
        ? [{ type: "image" as const, mediaType: "image/png" as const, data: PNG }]
        : []),
    ],
  };
  const said: Turn = {
    role: "model",
    text: step.said,
    calls,
    raw: { model, content: rightRaw(step, index, calls, dialect) },
  };
  const answers = calls.map(({ toolCallId, name }): Turn => ({
    role: "tool",
    toolCallId,
    name,
    text: "done",
    failed: false,
  }));
  return [asked, said, ...answers];
}

function rightRaw(
  { said, thought }: Step,
  index: number,
  calls: readonly { toolCallId: string; name: string; input: unknown }[],
  dialect: ModelDialect,
): unknown {
  if (dialect === "openai-chat")
    return { reasoningDetails: [], reasoningContent: thought ? "hm" : "" };
  if (dialect === "anthropic-messages")
    return [
      ...(thought ? [{ type: "thinking", thinking: "hm", signature: "sig" }] : []),
      { type: "text", text: said },
      ...calls.map(({ toolCallId, name, input }) => ({
        type: "tool_use",
        id: toolCallId,
        name,
        input,
      })),
    ];
  return [
    ...(thought
      ? [{ type: "reasoning", id: `rs_${index}`, summary: [], encrypted_content: "sealed" }]
      : []),
    {
      type: "message",
      id: `msg_${index}`,
      role: "assistant",
      content: [{ type: "output_text", text: said }],
    },
    ...calls.map(({ toolCallId, name, input }) => ({
      type: "function_call",
      id: `fc_${toolCallId}`,
      call_id: toolCallId,
      name,
      arguments: JSON.stringify(input),
    })),
  ];
}
