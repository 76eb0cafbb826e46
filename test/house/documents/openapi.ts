// docs/openapi.json: the HTTP side of the wire, from what the code declares.
import { type HttpOperation, httpOperations } from "../../../src/wire/http.ts";
import { VERSION } from "../../../src/wire/version.ts";
import { documentedErrors } from "./errors-list.ts";
import { Components, type JsonSchema } from "./schemas.ts";

const COMMON_ERRORS = [
  "unauthorized",
  "too_many_attempts",
  "origin_refused",
  "host_refused",
  "internal_error",
];

export function openApi(): JsonSchema {
  const components = new Components("draft-2020-12");
  const paths: Record<string, JsonSchema> = {};
  for (const [name, operation] of Object.entries<HttpOperation>(httpOperations)) {
    const [method = "", path = ""] = name.split(" ");
    (paths[path] ??= {})[method.toLowerCase()] = operationOf(components, name, operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "harnessd, over HTTP",
      version: VERSION,
      description:
        "What goes beside the WebSocket (openrpc.json), on the same port: files and folders of any size, streamed; probes; figures. Where the daemon has a token, every request but the probes needs it.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "http://127.0.0.1:8420" }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: { ...components.schemas, Error: errorSchema() },
    },
  };
}

function operationOf(components: Components, name: string, operation: HttpOperation): JsonSchema {
  const { summary, description, isPublic, query, requestHeaders = {}, requestBody } = operation;
  return {
    operationId: name.toLowerCase().replace(" /", "_"),
    summary,
    ...(description !== undefined && { description }),
    ...(isPublic && { security: [] }),
    parameters: [...queryOf(components, query), ...headersOf(requestHeaders)],
    ...(requestBody !== undefined && {
      requestBody: { required: true, content: { [requestBody]: {} } },
    }),
    responses: { ...answersOf(components, name, operation), ...refusalsOf(operation) },
  };
}

function queryOf(components: Components, query: HttpOperation["query"]): JsonSchema[] {
  if (query === undefined) return [];
  const { properties, required = [] } = components.schemaOf(query(), "input") as {
    properties: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    description,
    schema,
  }));
}

function headersOf(headers: Readonly<Record<string, string>>): JsonSchema[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: "header",
    required: false,
    description,
    schema: { type: "string" },
  }));
}

function answersOf(components: Components, name: string, { answers }: HttpOperation): JsonSchema {
  const isHead = name.startsWith("HEAD ");
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, type, body, headers = {} }]) => {
      const schema = typeof body === "function" ? components.schemaOf(body(), "output") : {};
      const content = { [type ?? "application/json"]: body === "bytes" ? {} : { schema } };
      return [
        status,
        {
          description,
          headers: Object.fromEntries(
            Object.entries(headers).map(([header, meaning]) => [
              header,
              { description: meaning, schema: { type: "string" } },
            ]),
          ),
          ...(body !== undefined && !isHead && { content }),
        },
      ];
    }),
  );
}

/** By status, each with the codes that it may stand for. */
function refusalsOf({ isPublic, errors, answers }: HttpOperation): JsonSchema {
  const codes = new Set([...errors, ...(isPublic ? ["internal_error"] : COMMON_ERRORS)]);
  const byStatus = Object.groupBy(
    documentedErrors.filter(({ code }) => codes.has(code)),
    ({ status }) => status,
  );
  return Object.fromEntries(
    Object.entries(byStatus)
      .filter(([status]) => !(status in answers))
      .map(([status, those = []]) => [
        status,
        {
          description: those.map(({ code, message }) => `\`${code}\`: ${message}`).join("\n\n"),
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      ]),
  );
}

function errorSchema(): JsonSchema {
  return {
    type: "object",
    required: ["error"],
    properties: {
      error: {
        type: "object",
        required: ["code", "message"],
        properties: {
          code: {
            type: "string",
            description: "The word that programs test.",
            examples: ["not_found"],
          },
          message: { type: "string", description: "For people; may change." },
          data: { type: "object", description: "Facts behind the message." },
        },
      },
    },
  };
}
