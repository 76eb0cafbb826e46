// Writes the wire down: docs/protocol.json is what the code declares. `npx vitest run test/house -u` writes it anew.
import { expect, test } from "vitest";
import { z } from "zod";
import { harnesses } from "../../harnesses/index.ts";
import { schemaOfEvent } from "../../harnesses/event-record.ts";
import { EnvelopeFields, events } from "../../src/wire/events.ts";
import { methods, PROTOCOL_VERSION } from "../../src/wire/methods.ts";
import { notifications } from "../../src/wire/notifications.ts";
import { RPC_NUMBERS } from "../../src/wire/error-kinds.ts";
import { CLOSE_CODES } from "../../src/wire/socket/close-codes.ts";
import { tools } from "../../tools/index.ts";
import { schemasOf, type Tool } from "../../tools/tool.ts";

type JsonSchema = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: "input" | "output"): JsonSchema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
};

function protocol(): JsonSchema {
  return {
    protocol: PROTOCOL_VERSION,
    transport: "JSON-RPC 2.0 in text frames of a WebSocket at / or /ws, either side connecting",
    errors: RPC_NUMBERS,
    closeCodes: CLOSE_CODES,
    methods: mapValues(methods, ({ params, result, ...rest }) => ({
      ...rest,
      params: schemaOf(params, "input"),
      result: schemaOf(result, "output"),
    })),
    tools: Object.fromEntries(
      (tools as readonly Tool[]).map((tool) => [
        tool.name,
        { description: tool.description, effect: tool.effect, ...schemasOf(tool) },
      ]),
    ),
    notifications: mapValues(notifications, ({ from, description, params }) => ({
      from,
      description,
      params: schemaOf(params(), "output"),
    })),
    envelope: schemaOf(EnvelopeFields(), "output"),
    events: mapValues(events, (record, type) => ({
      kind: record.kind,
      ...schemaOf(schemaOfEvent(type, record), "input"),
    })),
    harnesses: Object.fromEntries(
      harnesses.map(({ name, title, capabilities, options }) => [
        name,
        { title, capabilities, options: options ? schemaOf(options, "input") : null },
      ]),
    ),
  };
}

test("docs/protocol.json says what the code declares", async () => {
  await expect(`${JSON.stringify(protocol(), null, 2)}\n`).toMatchFileSnapshot(
    "../../docs/protocol.json",
  );
});

function mapValues<Value>(
  object: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => unknown,
): JsonSchema {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, map(value, name)]),
  );
}
