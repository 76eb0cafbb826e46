// docs/openrpc.json: the WebSocket side of the wire, from what the code declares.
import { harnesses } from "../../../harnesses/index.ts";
import type { MethodRecord } from "../../../src/wire/method-record.ts";
import { methods, PROTOCOL_VERSION } from "../../../src/wire/methods.ts";
import { auth } from "../../../src/wire/methods/auth.ts";
import { type NotificationRecord, notifications } from "../../../src/wire/notifications.ts";
import { RPC_NUMBERS } from "../../../src/wire/error-kinds.ts";
import { WEBSOCKET_PATHS, WIRE_LIMITS } from "../../../src/wire/limits.ts";
import { CLOSE_CODES } from "../../../src/wire/socket/close-codes.ts";
import { DEFAULT_HEARTBEAT_MS, MISSED_BEATS } from "../../../src/wire/socket/heartbeat.ts";
import { VERSION } from "../../../src/wire/version.ts";
import { tools } from "../../../tools/index.ts";
import { schemasOf, type Tool } from "../../../tools/tool.ts";
import { documentedErrors } from "./errors-list.ts";
import { Components, type JsonSchema } from "./schemas.ts";

const COMMON_ERRORS = [
  "invalid_input",
  "overloaded",
  "cancelled",
  "internal_error",
  "shutting_down",
  "answer_too_large",
];

const INTRODUCTION = `JSON-RPC 2.0 over WebSocket: one message, or a batch, per text frame; bytes go over HTTP on the same port (openapi.json). Either side may have opened the socket (\`--connect\`); the host calls, the daemon answers.

Authentication: where the daemon has a token, send it in the upgrade's \`Authorization: Bearer …\`, or, where headers cannot be set, as the first frame: \`{"jsonrpc":"2.0","id":0,"method":"auth","params":{"token":"…"}}\`. Without a token the daemon serves loopback only. A browser's page needs its origin allowed.

Calls run side by side and are answered in any order, by \`id\`: an integer or a text, unique among the calls under way. \`params\` is an object. A call is cancelled with the notification \`$/cancelRequest\`.

Errors: \`error.code\` is the number of the error's kind; \`error.data.code\` is the word that programs test (components.errors), beside further facts.

Events: subscribe with \`events_subscribe\`; \`events\` notifications bring them in order. Keep the \`epoch\` and \`seq\` of the last fact. When the line breaks, connect again (with growing, random waits; not after a close code whose \`retry\` is false), subscribe with \`after\` set to that cursor, and nothing is missed and no fact comes twice. A hole is explicit: \`gap\`, or \`events_gap\`.

A line that breaks ends calls that only read. \`x-outlivesConnection\` marks those that go on; \`x-resend\` says what may be sent again: \`always\`, \`with_key\` (when the params hold a \`key\`), or \`never\`.

Heartbeat: each side pings; whatever arrives counts as life. Answer pings, as every WebSocket library does.`;

export function openRpc(): JsonSchema {
  const components = new Components("draft-7");
  components.add("Event", {});
  components.schemas["ErrorData"] = {
    description: "`error.data` of every error.",
    type: "object",
    properties: {
      code: { type: "string", description: "The word that programs test." },
      issues: {
        type: "array",
        description: "Of `invalid_input`: what is wrong where.",
        items: {
          type: "object",
          properties: {
            code: { type: "string" },
            path: { type: "array", items: { type: ["string", "integer"] } },
            message: { type: "string" },
          },
        },
      },
      nearest: {
        type: ["string", "null"],
        description: "Of `method_not_found`: the name that was meant.",
      },
      errorId: { type: "string", description: "Of `internal_error`: where to look in the log." },
    },
    required: ["code"],
  };
  return {
    openrpc: "1.4.0",
    info: {
      title: "harnessd",
      version: VERSION,
      description: INTRODUCTION,
      license: { name: "MIT" },
    },
    servers: [{ name: "daemon", url: "ws://127.0.0.1:8420" }],
    methods: [
      methodOf(components, "auth", auth),
      ...Object.entries<MethodRecord>(methods).map(([name, record]) =>
        methodOf(components, name, record),
      ),
      ...(tools as readonly Tool[]).map((tool) => toolMethod(components, tool)),
      ...notificationsFrom(components, "host"),
    ],
    "x-notifications": notificationsFrom(components, "daemon"),
    components: {
      errors: Object.fromEntries(
        documentedErrors.map(({ code, number, message }) => [
          code,
          { code: number, message, data: { code } },
        ]),
      ),
      schemas: components.schemas,
    },
    "x-protocol": PROTOCOL_VERSION,
    "x-paths": WEBSOCKET_PATHS,
    "x-errorNumbers": RPC_NUMBERS,
    "x-closeCodes": CLOSE_CODES,
    "x-heartbeat": { defaultMs: DEFAULT_HEARTBEAT_MS, deadAfterMissed: MISSED_BEATS },
    "x-limits": WIRE_LIMITS,
    "x-harnesses": Object.fromEntries(
      harnesses.map(({ name, title, capabilities, options }) => [
        name,
        {
          title,
          capabilities,
          options: options ? components.schemaOf(options, "input") : null,
        },
      ]),
    ),
  };
}

function methodOf(components: Components, name: string, record: MethodRecord): JsonSchema {
  return {
    name,
    description: record.description,
    paramStructure: "by-name",
    params: paramsOf(components.schemaOf(record.params, "input")),
    result: { name: "result", schema: components.schemaOf(record.result, "output") },
    errors: errorsOf(record.errors),
    "x-outlivesConnection": record.outlivesConnection,
    "x-resend": record.resend,
  };
}

function toolMethod(components: Components, tool: Tool): JsonSchema {
  const { input } = schemasOf(tool);
  return {
    name: tool.name,
    description: tool.description,
    tags: [{ name: "tool" }],
    paramStructure: "by-name",
    params: paramsOf(components.hoist(input)),
    result: { name: "result", schema: components.schemaOf(tool.output, "output") },
    errors: errorsOf([]),
    "x-effect": tool.effect,
    "x-outlivesConnection": tool.effect !== "read",
    "x-resend": tool.effect === "read" ? "always" : "never",
  };
}

function notificationsFrom(components: Components, side: "daemon" | "host"): JsonSchema[] {
  return Object.entries<NotificationRecord>(notifications)
    .filter(([, { from }]) => from === side)
    .map(([name, { description, params }]) => ({
      name,
      description: `${description} A notification: it has no \`id\` and no answer.`,
      paramStructure: "by-name",
      params: paramsOf(components.schemaOf(params(), "output")),
    }));
}

function paramsOf(schema: JsonSchema): JsonSchema[] {
  const { properties = {}, required = [] } = resolved(schema) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, each]) => ({
    name,
    required: required.includes(name),
    description: each["description"],
    schema: each,
  }));
}

/** Params are always an object, and never one that others refer to. */
function resolved(schema: JsonSchema): JsonSchema {
  if ("properties" in schema || schema["type"] === "object") return schema;
  throw new TypeError(`Params that are no plain object: ${JSON.stringify(schema).slice(0, 200)}`);
}

function errorsOf(own: readonly string[]): JsonSchema[] {
  return [...own, ...COMMON_ERRORS].map((code) => ({ $ref: `#/components/errors/${code}` }));
}
