// The gate between what is kept and what is sent, by properties. `HARNESSD_CASES=1000000` runs it longer.
import { assert, boolean, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { gateAnthropic } from "../../../../harnesses/native/gate/anthropic-gate.ts";
import { gateChat } from "../../../../harnesses/native/gate/chat-gate.ts";
import type { Json } from "../../../../harnesses/native/gate/json.ts";
import { gateResponses } from "../../../../harnesses/native/gate/responses-gate.ts";
import {
  anthropicBody,
  bodyOf as anthropicUngated,
} from "../../../../harnesses/native/models/anthropic/request.ts";
import {
  bodyOf as chatUngated,
  chatBody,
} from "../../../../harnesses/native/models/chat/request.ts";
import type { ModelRequest } from "../../../../harnesses/native/models/model.ts";
import {
  bodyOf as responsesUngated,
  responsesBody,
} from "../../../../harnesses/native/models/responses/request.ts";
import type { Turn } from "../../../../harnesses/native/models/turn.ts";
import type { ModelDialect } from "../../../../harnesses/providers.ts";
import { violationsOf } from "../../../scripted-model/provider-rules/checker.ts";
import { anyHistory, rightHistory } from "./histories.ts";

const CASES = Number(process.env["HARNESSD_CASES"] ?? 10_000);
const SEED = 20_261_127;
const TIMEOUT_MS = 60_000 + CASES * 10;

interface Side {
  readonly dialect: ModelDialect;
  readonly model: string;
  readonly body: (model: string, name: string, request: ModelRequest) => object;
  readonly ungated: (model: string, name: string, request: ModelRequest) => object;
  readonly gate: (body: Json) => Json;
}

const anthropic = {
  dialect: "anthropic-messages",
  body: anthropicBody,
  ungated: anthropicUngated,
  gate: gateAnthropic,
} as const;
const chat = {
  dialect: "openai-chat",
  body: chatBody,
  ungated: chatUngated,
  gate: gateChat,
} as const;
const SIDES: readonly Side[] = [
  { ...anthropic, model: "claude-opus-5-5" },
  { ...anthropic, model: "claude-haiku-4-5" },
  {
    dialect: "openai-responses",
    model: "gpt-6-sol",
    body: responsesBody,
    ungated: responsesUngated,
    gate: gateResponses,
  },
  { ...chat, model: "some/model" },
  { ...chat, model: "mistralai/devstral" },
];

const requestFor = (turns: readonly Turn[], hasTools: boolean): ModelRequest => ({
  turns,
  system: "S",
  tools: hasTools
    ? [
        {
          name: "shell_exec",
          description: "Runs.",
          inputSchema: { type: "object", properties: {} },
        },
      ]
    : [],
  effort: "low",
  messageId: "m",
  cacheKey: "key",
  takenCallIds: new Set(),
  stallMs: 1,
  signal: new AbortController().signal,
});

const asked: Turn = { role: "user", parts: [{ type: "text", text: "more" }] };
const more = (model: string): Turn[] => [
  asked,
  { role: "model", text: "more", calls: [], raw: { model: "other", content: model } },
  asked,
];

describe.each(SIDES)("in $dialect, of $model", ({ dialect, model, body, ungated, gate }) => {
  const name = `provider/${model}`;
  const parameters = { seed: SEED, numRuns: Math.ceil(CASES / SIDES.length) };

  test("any history gives a request that the provider takes", { timeout: TIMEOUT_MS }, () => {
    assert(
      property(anyHistory(dialect, name), boolean(), (turns, hasTools) => {
        const sent = body(model, name, requestFor(turns, hasTools));
        expect(violationsOf(dialect, sent)).toEqual([]);
      }),
      parameters,
    );
  });

  test("what is right already passes unchanged, byte for byte", { timeout: TIMEOUT_MS }, () => {
    assert(
      property(rightHistory(dialect, name), (turns) => {
        const given = ungated(model, name, requestFor(turns, true)) as Json;
        const violations = violationsOf(dialect, given);
        if (model.includes("devstral") && violations.every(({ rule }) => rule === "call-id-form"))
          return;
        expect(violations).toEqual([]);
        expect(JSON.stringify(gate(given))).toBe(JSON.stringify(given));
      }),
      { ...parameters, numRuns: Math.ceil(parameters.numRuns / 4) },
    );
  });

  test(
    "what went through once passes unchanged, and a longer history begins alike",
    { timeout: TIMEOUT_MS },
    () => {
      const listOf = (sent: Json): unknown[] => (sent["messages"] ?? sent["input"]) as unknown[];
      assert(
        property(anyHistory(dialect, name), (turns) => {
          const once = gate(ungated(model, name, requestFor(turns, true)) as Json);
          expect(JSON.stringify(gate(once))).toBe(JSON.stringify(once));
          const longer = gate(
            ungated(model, name, requestFor([...turns, ...more(name)], true)) as Json,
          );
          // All but the last message, which what comes next may join.
          const begin = JSON.stringify(listOf(once).slice(0, -1)).slice(0, -1);
          expect(JSON.stringify(listOf(longer)).startsWith(begin)).toBe(true);
        }),
        { ...parameters, numRuns: Math.ceil(parameters.numRuns / 4) },
      );
    },
  );
});
