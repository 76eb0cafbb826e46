// One message of the model while it streams: its blocks as deltas, and what the program takes back.
import type { HarnessEvent } from "../events.ts";
import { ApiUsage, type StreamEvent } from "./line.ts";

interface OpenBlock {
  readonly kind: string;
  /** For a tool call. */
  readonly toolCallId: string;
  readonly name: string;
}

/** The message that streams now; `id` is null between messages. */
export interface OpenStream {
  readonly id: string | null;
  readonly model: string;
  readonly usage: ApiUsage;
  readonly blocks: readonly OpenBlock[];
  /** Blocks that were told as facts, by index. */
  readonly told: ReadonlySet<number>;
}

const NO_USAGE: ApiUsage = {
  input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 0,
};
export const NO_STREAM: OpenStream = {
  id: null,
  model: "",
  usage: NO_USAGE,
  blocks: [],
  told: new Set(),
};

export interface Folded {
  readonly stream: OpenStream;
  readonly events: readonly HarnessEvent[];
  /** Set when the message has ended; not whole when the program threw it away. */
  readonly answered?: {
    readonly model: string;
    readonly usage: ApiUsage;
    readonly isWhole: boolean;
  };
}

/** `abandonedFrom`: the index of the first block that the program takes back with this event. */
export function foldStreamEvent(
  stream: OpenStream,
  event: StreamEvent,
  abandonedFrom: number | undefined,
): Folded {
  switch (event.type) {
    case "message_start":
      return {
        stream: {
          ...NO_STREAM,
          id: event.message.id,
          model: event.message.model,
          usage: event.message.usage,
        },
        events: [],
      };
    case "content_block_start": {
      const { type, id, name } = event.content_block;
      const blocks = [...stream.blocks];
      blocks[event.index] = { kind: type, toolCallId: id ?? "", name: name ?? "" };
      return { stream: { ...stream, blocks }, events: [] };
    }
    case "content_block_delta":
      return { stream, events: deltaOf(stream, event) };
    case "message_delta":
      return {
        stream: { ...stream, usage: usageAfter(stream.usage, event.usage ?? {}) },
        events: [],
      };
    case "message_stop": {
      const isWhole = abandonedFrom === undefined;
      const events = isWhole
        ? []
        : retract(stream, "replaced by another answer", (index) => index >= abandonedFrom);
      const answered = { model: stream.model, usage: stream.usage, isWhole };
      return {
        stream: isWhole ? stream : NO_STREAM,
        events,
        ...(stream.id !== null && { answered }),
      };
    }
    case "content_block_stop":
    case "ping":
  }
  return { stream, events: [] };
}

/** The index of the block that a whole block of this message closes: the last one begun. */
export function placeInStream(stream: OpenStream): number {
  return Math.max(0, stream.blocks.length - 1);
}

/** Takes back the text that was streamed and never told whole. */
export function retractUntold(stream: OpenStream, reason: string): HarnessEvent[] {
  return retract(stream, reason, (index) => !stream.told.has(index));
}

function retract(
  stream: OpenStream,
  reason: string,
  isLost: (index: number) => boolean,
): HarnessEvent[] {
  return stream.blocks.flatMap((block, index): HarnessEvent[] => {
    const isText = block?.kind === "text" || block?.kind === "thinking";
    return isText && isLost(index)
      ? [{ type: "message.retracted", messageId: `${stream.id}:${index}`, reason }]
      : [];
  });
}

/** The end of a message repeats its counts; those it leaves out, or has as null, stay. */
function usageAfter(usage: ApiUsage, later: Readonly<Record<string, unknown>>): ApiUsage {
  const known = Object.entries(later).filter(([, value]) => value !== null && value !== undefined);
  return ApiUsage.parse({ ...usage, ...Object.fromEntries(known) });
}

function deltaOf(
  stream: OpenStream,
  { index, delta }: Extract<StreamEvent, { type: "content_block_delta" }>,
): HarnessEvent[] {
  const messageId = `${stream.id}:${index}`;
  const block = stream.blocks[index];
  if (delta.type === "text_delta" && delta.text)
    return [{ type: "message.delta", messageId, text: delta.text }];
  if (delta.type === "thinking_delta" && delta.thinking)
    return [{ type: "reasoning.delta", messageId, text: delta.thinking }];
  if (delta.type === "input_json_delta" && delta.partial_json && block) {
    return [
      {
        type: "tool.input",
        toolCallId: block.toolCallId,
        name: block.name,
        text: delta.partial_json,
      },
    ];
  }
  return [];
}
