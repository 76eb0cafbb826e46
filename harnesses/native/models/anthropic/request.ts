// What Anthropic is asked, as the body of one request.
import type Anthropic from "@anthropic-ai/sdk";
import { gateAnthropic } from "../../gate/anthropic-gate.ts";
import { strictSchema } from "../strict-schema.ts";
import type { ModelRequest } from "../model.ts";
import { traitsOf } from "../model-traits.ts";
import { anthropicMessages, markCached } from "./messages.ts";

type Body = Anthropic.MessageCreateParamsStreaming;

/** Thinking tokens for models that are told a number. */
const THINKING_BUDGET = { low: 2_048, medium: 8_192, high: 16_384 };

/** `name` is the model's with its provider; whatever the request's turns hold, the body is one that the server takes. */
export function anthropicBody(model: string, name: string, request: ModelRequest): Body {
  const gated = gateAnthropic({ ...bodyOf(model, name, request) }) as unknown as Body;
  return { ...gated, messages: markCached(gated.messages) };
}

/** As our turns have it, ungated. */
export function bodyOf(model: string, name: string, request: ModelRequest): Body {
  const traits = traitsOf(model);
  const { effort } = request;
  const maxTokens = request.maxOutputTokens ?? traits.maxOutputTokens;
  const budget = Math.min(THINKING_BUDGET[effort ?? "low"], maxTokens - 1_024);
  // Models of before structured outputs refuse a format.
  const format =
    request.schema &&
    traits.thinking !== "none" &&
    strictSchema(request.schema, { allRequired: false });
  const outputConfig = {
    ...(format && { format: { type: "json_schema" as const, schema: format } }),
    ...(effort && traits.thinking === "adaptive" && { effort }),
  };
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    system: [{ type: "text", text: request.system, cache_control: { type: "ephemeral" } }],
    messages: anthropicMessages(request.turns, name),
    ...(request.tools.length > 0 && { tools: toolsOf(request) }),
    ...(request.answerOnly &&
      request.tools.length > 0 && { tool_choice: { type: "none" as const } }),
    ...(Object.keys(outputConfig).length > 0 && { output_config: outputConfig }),
    // Without a display, newer models think, and speak between tool calls, unseen.
    ...(traits.thinking === "adaptive" && {
      thinking: { type: "adaptive" as const, display: "summarized" as const },
    }),
    ...(traits.thinking === "budget" &&
      effort &&
      budget >= 1_024 && { thinking: { type: "enabled" as const, budget_tokens: budget } }),
  };
}

function toolsOf(request: ModelRequest): Anthropic.Tool[] {
  return request.tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    input_schema: { ...inputSchema, type: "object" as const },
  }));
}
