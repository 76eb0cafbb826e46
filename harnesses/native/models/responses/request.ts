// What a server of OpenAI Responses is asked, as the body of one request.
import type OpenAI from "openai";
import { gateResponses } from "../../gate/responses-gate.ts";
import { strictSchema } from "../strict-schema.ts";
import type { ModelRequest } from "../model.ts";
import { traitsOf } from "../model-traits.ts";
import { responsesInput } from "./input.ts";

type Body = OpenAI.Responses.ResponseCreateParamsStreaming;

/** `name` is the model's with its provider; whatever the request's turns hold, the body is one that the server takes. */
export function responsesBody(model: string, name: string, request: ModelRequest): Body {
  return gateResponses({ ...bodyOf(model, name, request) }) as unknown as Body;
}

/** As our turns have it, ungated. */
export function bodyOf(model: string, name: string, request: ModelRequest): Body {
  const reasons = traitsOf(model).thinking === "adaptive";
  return {
    model,
    stream: true,
    store: false,
    instructions: request.system,
    input: responsesInput(request.turns, name),
    prompt_cache_key: request.cacheKey,
    ...(request.tools.length > 0 && { tools: toolsOf(request), parallel_tool_calls: true }),
    ...(request.answerOnly && request.tools.length > 0 && { tool_choice: "none" as const }),
    ...(request.maxOutputTokens !== undefined && { max_output_tokens: request.maxOutputTokens }),
    ...(reasons && {
      include: ["reasoning.encrypted_content" as const],
      reasoning: { summary: "auto" as const, ...(request.effort && { effort: request.effort }) },
    }),
    ...(request.schema && { text: { format: formatOf(request.schema) } }),
  };
}

function formatOf(
  schema: Readonly<Record<string, unknown>>,
): OpenAI.Responses.ResponseFormatTextJSONSchemaConfig {
  const strict = strictSchema(schema, { allRequired: true });
  return { type: "json_schema", name: "result", schema: strict ?? schema, strict: strict !== null };
}

function toolsOf(request: ModelRequest): OpenAI.Responses.FunctionTool[] {
  return request.tools.map(({ name, description, inputSchema }) => ({
    type: "function",
    name,
    description,
    parameters: inputSchema,
    strict: false,
  }));
}
