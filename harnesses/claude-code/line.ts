// The lines that Claude Code writes with `--output-format stream-json`, as far as we read them. A line that does not fit is `unmapped`.
import { z } from "zod";

const count = z.number().nonnegative().catch(0);
const maybeText = z.string().nullish().catch(null);
const anything = z.unknown().optional();

/** Tokens as the model's API counts them: the input without what came from or went to the cache. */
export const ApiUsage = z.looseObject({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  output_tokens: count,
  output_tokens_details: z.looseObject({ thinking_tokens: count }).nullish(),
});
export type ApiUsage = z.output<typeof ApiUsage>;

export const Block = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.literal("thinking"), thinking: z.string() }),
  z.looseObject({ type: z.literal("redacted_thinking") }),
  z.looseObject({
    type: z.enum(["tool_use", "server_tool_use", "mcp_tool_use"]),
    id: z.string(),
    name: z.string(),
    input: anything,
  }),
  z.looseObject({
    type: z.literal("tool_result"),
    tool_use_id: z.string(),
    content: anything,
    is_error: z.boolean().nullish(),
  }),
  z.looseObject({
    type: z.enum(["web_search_tool_result", "web_fetch_tool_result"]),
    tool_use_id: z.string(),
    content: anything,
  }),
]);
export type Block = z.output<typeof Block>;

export const InitLine = z.looseObject({
  session_id: z.string(),
  mcp_servers: z.array(z.looseObject({ name: z.string(), status: z.string() })).catch([]),
});

export const RetryLine = z.looseObject({
  attempt: z.number(),
  max_retries: z.number(),
  retry_delay_ms: z.number(),
  error_status: z.number().nullish(),
  error: maybeText,
});

export const AssistantLine = z.looseObject({
  message: z.looseObject({
    id: z.string(),
    model: z.string(),
    content: z.array(Block),
    stop_reason: maybeText,
    usage: ApiUsage.nullish(),
  }),
  parent_tool_use_id: maybeText,
  error: maybeText,
  is_api_error_message: z.boolean().nullish(),
});
export type AssistantLine = z.output<typeof AssistantLine>;

export const UserLine = z.looseObject({
  message: z.looseObject({ content: z.union([z.string(), z.array(z.unknown())]) }),
  tool_use_result: anything,
});

const StreamEvent = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("message_start"),
    message: z.looseObject({ id: z.string(), model: z.string(), usage: ApiUsage }),
  }),
  z.looseObject({
    type: z.literal("content_block_start"),
    index: z.number(),
    content_block: z.looseObject({ type: z.string(), id: maybeText, name: maybeText }),
  }),
  z.looseObject({
    type: z.literal("content_block_delta"),
    index: z.number(),
    delta: z.looseObject({
      type: z.string(),
      text: maybeText,
      thinking: maybeText,
      partial_json: maybeText,
    }),
  }),
  z.looseObject({ type: z.literal("content_block_stop"), index: z.number() }),
  z.looseObject({
    type: z.literal("message_delta"),
    usage: z.record(z.string(), z.unknown()).nullish(),
  }),
  z.looseObject({ type: z.literal("message_stop") }),
  z.looseObject({ type: z.literal("ping") }),
]);
export type StreamEvent = z.output<typeof StreamEvent>;

export const StreamLine = z.looseObject({
  event: StreamEvent,
  parent_tool_use_id: maybeText,
  /** What the program streamed and then took back, from this block on. */
  abandoned_blocks: z.looseObject({ from_block_index: z.number() }).nullish(),
});

const ModelUsage = z.looseObject({
  inputTokens: count,
  outputTokens: count,
  cacheReadInputTokens: count,
  cacheCreationInputTokens: count,
  thinkingTokens: count,
  costUSD: count,
  /** `unknown` when the program has no price for the model; the cost is then a guess of its own. */
  costBasis: maybeText,
});

/** Read however odd it is, for a turn must end with it. */
export const ResultLine = z.looseObject({
  type: z.literal("result"),
  subtype: z.string().catch("unknown"),
  is_error: z.boolean().catch(true),
  result: maybeText,
  structured_output: anything,
  errors: z.array(z.string()).nullish().catch(null),
  stop_reason: maybeText,
  terminal_reason: maybeText,
  api_error_status: z.number().nullish().catch(null),
  api_error: maybeText,
  api_error_type: maybeText,
  model_usage_since_last_result: z.record(z.string(), ModelUsage).nullish().catch(null),
});
export type ResultLine = z.output<typeof ResultLine>;

const ControlRequest = z.looseObject({
  type: z.literal("control_request"),
  request_id: z.string(),
  request: z.looseObject({ subtype: z.string() }),
});
export type ControlRequest = z.output<typeof ControlRequest>;

const ControlResponse = z.looseObject({
  type: z.literal("control_response"),
  response: z.looseObject({ subtype: z.string(), request_id: z.string(), error: maybeText }),
});
export type ControlResponse = z.output<typeof ControlResponse>;

/** Lines that are about the talk itself. The first kind says where an input that we sent stands; the uuid is ours. */
export const ProtocolLine = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("command_lifecycle"),
    command_uuid: z.string(),
    state: z.string(),
  }),
  ControlRequest,
  ControlResponse,
]);

/** A permission prompt, or the question before every tool that we asked for with a hook. */
export const ToolQuestion = z.union([
  z
    .looseObject({
      subtype: z.literal("can_use_tool"),
      tool_name: z.string(),
      input: anything,
      tool_use_id: z.string(),
    })
    .transform(({ subtype, tool_name, input, tool_use_id }) => ({
      subtype,
      name: tool_name,
      input,
      toolCallId: tool_use_id,
    })),
  z
    .looseObject({
      subtype: z.literal("hook_callback"),
      input: z.looseObject({
        tool_name: z.string(),
        tool_input: anything,
        tool_use_id: z.string(),
      }),
    })
    .transform(({ subtype, input }) => ({
      subtype,
      name: input.tool_name,
      input: input.tool_input,
      toolCallId: input.tool_use_id,
    })),
]);
export type ToolQuestion = z.output<typeof ToolQuestion>;
