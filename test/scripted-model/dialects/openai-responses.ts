// OpenAI's Responses API, with what Codex needs of it: custom tools, namespaces, tool search, additional tools.
import type { ModelRequest, OfferedTool, Reply, ToolCall } from "../script.ts";
import {
  contentText,
  inputText,
  objectOf,
  objectsOf,
  parseInput,
  piecesOf,
  textFrom,
} from "./dialect.ts";
import type { Dialect, Frame, JsonObject } from "./dialect.ts";

const CALL_TYPES = ["function_call", "custom_tool_call", "tool_search_call"];
const OUTPUT_TYPES = ["function_call_output", "custom_tool_call_output"];

export const openaiResponses: Dialect = {
  name: "openai-responses",
  path: "/v1/responses",

  read(body): ModelRequest {
    const given = body["input"];
    const items = typeof given === "string" ? [{ role: "user", content: given }] : objectsOf(given);
    const of = (types: readonly string[]): JsonObject[] =>
      items.filter((item) => types.includes(textFrom(item["type"])));
    const textsOf = (...roles: string[]): string[] =>
      items
        .filter((item) => roles.includes(textFrom(item["role"])))
        .map((item) => contentText(item["content"]));
    // Tools also arrive in the conversation: in code mode, and as what a tool search has found.
    const tools = [
      ...objectsOf(body["tools"]),
      ...items.flatMap((item) => objectsOf(item["tools"])),
    ];
    return {
      dialect: "openai-responses",
      model: textFrom(body["model"]),
      system: [textFrom(body["instructions"]), ...textsOf("system", "developer")].join("\n"),
      userTexts: textsOf("user"),
      tools: tools.flatMap((tool) => readTool(tool)),
      pastCalls: of(CALL_TYPES).map((item) => ({
        name: textFrom(item["name"]) || "tool_search",
        input:
          item["input"] ??
          (typeof item["arguments"] === "string"
            ? parseInput(item["arguments"])
            : item["arguments"]),
      })),
      toolResults: of(OUTPUT_TYPES).map((item) => contentText(item["output"])),
      stream: body["stream"] === true,
      body,
    };
  },

  *frames(reply): Generator<Frame> {
    let sequence_number = 0;
    const named = (type: string, fields: JsonObject): Frame => ({
      event: type,
      data: { type, sequence_number: sequence_number++, ...fields },
    });
    const opening = { ...envelope(reply), status: "in_progress", output: [], usage: null };
    yield named("response.created", { response: opening });
    yield named("response.in_progress", { response: opening });
    for (const [output_index, item] of itemsOf(reply).entries()) {
      const place = { output_index, item_id: item["id"] };
      yield named("response.output_item.added", { output_index, item: opened(item) });
      for (const { type, chunk, ...fields } of itemDeltas(item)) {
        const frame = named(type, { ...place, ...fields });
        yield chunk ? { ...frame, chunk: true } : frame;
      }
      yield named("response.output_item.done", { output_index, item });
    }
    const response = this.whole(reply);
    yield named(response["status"] === "completed" ? "response.completed" : "response.incomplete", {
      response,
    });
  },

  whole(reply): JsonObject {
    const cut = reply.stop !== undefined && reply.stop !== "refusal";
    return {
      ...envelope(reply),
      status: cut ? "incomplete" : "completed",
      incomplete_details: cut
        ? { reason: reply.stop === "max_tokens" ? "max_output_tokens" : reply.stop }
        : null,
      output: itemsOf(reply),
      usage: {
        input_tokens: reply.usage.input,
        input_tokens_details: { cached_tokens: reply.usage.cached },
        output_tokens: reply.usage.output,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: reply.usage.input + reply.usage.output,
      },
    };
  },

  errorBody: (status, message) => ({
    error: { message, type: `error_${status}`, code: String(status), param: null },
  }),
  errorFrame: (message) => ({
    event: "response.failed",
    data: {
      type: "response.failed",
      sequence_number: 9999,
      response: {
        id: "resp_failed",
        object: "response",
        status: "failed",
        error: { code: "server_is_overloaded", message },
        output: [],
      },
    },
  }),
};

function readTool(tool: JsonObject, namespace?: string): OfferedTool[] {
  const name = textFrom(tool["name"]);
  const description = textFrom(tool["description"]);
  if (tool["type"] === "namespace")
    return objectsOf(tool["tools"]).flatMap((inner) => readTool(inner, name));
  if (tool["type"] === "tool_search")
    return [{ name: "tool_search", kind: "search", description, properties: {} }];
  if (tool["type"] !== "function" && tool["type"] !== "custom") return [];
  const properties = objectOf(
    objectOf(tool["parameters"])["properties"],
  ) as OfferedTool["properties"];
  return [
    {
      name,
      ...(namespace !== undefined && { namespace }),
      kind: tool["type"],
      description,
      properties,
    },
  ];
}

function envelope(reply: Reply): JsonObject {
  const created_at = Math.floor(Date.now() / 1000);
  return {
    id: reply.id,
    object: "response",
    created_at,
    model: reply.model,
    error: null,
    incomplete_details: null,
    metadata: {},
  };
}

/** The output items as they stand when complete. */
function itemsOf(reply: Reply): JsonObject[] {
  const items: JsonObject[] = [];
  if (reply.reasoning !== "") {
    const summary = [{ type: "summary_text", text: reply.reasoning }];
    items.push({
      id: `rs_${reply.id}`,
      type: "reasoning",
      status: "completed",
      summary,
      encrypted_content: `sealed-${reply.id}`,
    });
  }
  if (reply.text !== "") {
    const refused = reply.stop === "refusal";
    const part = refused
      ? { type: "refusal", refusal: reply.text }
      : { type: "output_text", text: reply.text, annotations: [] };
    items.push({
      id: `msg_${reply.id}`,
      type: "message",
      role: "assistant",
      status: "completed",
      content: [part],
    });
  }
  return [...items, ...reply.calls.map(callItem)];
}

function callItem(call: ToolCall): JsonObject {
  const place = { id: `fc_${call.id}`, call_id: call.id, status: "completed" };
  if (call.kind === "search")
    return { ...place, type: "tool_search_call", execution: "client", arguments: call.input };
  const named = {
    ...place,
    name: call.name,
    ...(call.namespace !== undefined && { namespace: call.namespace }),
  };
  return call.kind === "custom"
    ? { ...named, type: "custom_tool_call", input: inputText(call.input) }
    : { ...named, type: "function_call", arguments: inputText(call.input) };
}

/** The item as it is announced: empty, in progress. */
function opened(item: JsonObject): JsonObject {
  const empty: Record<string, JsonObject> = {
    reasoning: { summary: [] },
    message: { content: [] },
    function_call: { arguments: "" },
    custom_tool_call: { input: "" },
  };
  return { ...item, status: "in_progress", ...empty[textFrom(item["type"])] };
}

type Delta = JsonObject & { type: string; chunk?: true };

function* itemDeltas(item: JsonObject): Generator<Delta> {
  const first = (list: unknown): JsonObject => objectsOf(list)[0] ?? {};
  const pieces = (type: string, text: string, fields: JsonObject = {}): Delta[] =>
    piecesOf(text).map((delta) => Object.assign({ type, delta, chunk: true as const }, fields));
  if (item["type"] === "reasoning") {
    const at = { summary_index: 0 };
    const text = textFrom(first(item["summary"])["text"]);
    yield {
      type: "response.reasoning_summary_part.added",
      ...at,
      part: { type: "summary_text", text: "" },
    };
    yield* pieces("response.reasoning_summary_text.delta", text, at);
    yield { type: "response.reasoning_summary_text.done", ...at, text };
    yield {
      type: "response.reasoning_summary_part.done",
      ...at,
      part: { type: "summary_text", text },
    };
  } else if (item["type"] === "message") {
    const at = { content_index: 0 };
    const part = first(item["content"]);
    const field = part["type"] === "refusal" ? "refusal" : "text";
    const family = field === "refusal" ? "response.refusal" : "response.output_text";
    yield { type: "response.content_part.added", ...at, part: { ...part, [field]: "" } };
    yield* pieces(`${family}.delta`, textFrom(part[field]), at);
    yield { type: `${family}.done`, ...at, [field]: part[field] };
    yield { type: "response.content_part.done", ...at, part };
  } else if (item["type"] === "function_call") {
    yield* pieces("response.function_call_arguments.delta", textFrom(item["arguments"]));
    yield {
      type: "response.function_call_arguments.done",
      name: item["name"],
      arguments: item["arguments"],
    };
  } else if (item["type"] === "custom_tool_call") {
    yield* pieces("response.custom_tool_call_input.delta", textFrom(item["input"]));
    yield { type: "response.custom_tool_call_input.done", input: item["input"] };
  }
}
