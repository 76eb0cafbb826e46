// Claude Code's lines as events: a pure reducer over one turn, tested from recorded streams.
import type { CodedError } from "../../tools/coded-error.ts";
import type { HarnessEvent } from "../events.ts";
import { factsOf, finishedTool } from "./blocks.ts";
import { AssistantLine, Block, InitLine, ResultLine, StreamLine, UserLine } from "./line.ts";
import { noticesOf, isPassedOver } from "./notices.ts";
import { failureOf } from "./outcome.ts";
import {
  foldStreamEvent,
  NO_STREAM,
  placeInStream,
  retractUntold,
  type OpenStream,
} from "./stream.ts";
import {
  addTokens,
  NO_TOKENS,
  settle,
  tokensOf,
  unsettled,
  usageOfCall,
  type Tokens,
} from "./tokens.ts";
import { exitCodeOf, outputOf, planAfter, planEvent, recordOf, type Plan } from "./tool-calls.ts";

export interface TurnState {
  /** The session that `session.bound` has named in this run. */
  readonly sessionId: string | null;
  readonly stream: OpenStream;
  /** Started and not finished: the name by the call's id. */
  readonly openTools: ReadonlyMap<string, string>;
  readonly plan: Plan;
  /** Told in `usage` events since the last result. */
  readonly counted: Tokens;
  /** The last message that came without a stream, and how many of its blocks have come. */
  readonly whole: { readonly id: string | null; readonly blocks: number };
}

export interface Translation {
  readonly state: TurnState;
  readonly events: readonly HarnessEvent[];
  /** Set by the line that ends the turn; null when it ended well. */
  readonly ended?: { readonly failure: CodedError | null };
}

/** The state before a run's first line. The plan is what the session's earlier runs left. */
export function beginRun(plan: Plan = []): TurnState {
  return {
    sessionId: null,
    stream: NO_STREAM,
    openTools: new Map(),
    plan,
    counted: NO_TOKENS,
    whole: { id: null, blocks: 0 },
  };
}

/** Never throws: what it does not understand comes back as `unmapped`. */
export function translate(state: TurnState, line: unknown): Translation {
  const { type, subtype } = recordOf(line);
  if (type === "stream_event")
    return read(StreamLine, line, state, (parsed) => onStreamLine(state, parsed));
  if (type === "assistant")
    return read(AssistantLine, line, state, (parsed) => onAssistant(state, parsed));
  if (type === "user") return read(UserLine, line, state, (parsed) => onUser(state, parsed));
  if (type === "result") return read(ResultLine, line, state, (parsed) => onResult(state, parsed));
  if (type === "system" && subtype === "init")
    return read(InitLine, line, state, (parsed) => onInit(state, parsed));
  if (isPassedOver(line)) return { state, events: [] };
  return { state, events: noticesOf(line) ?? [{ type: "unmapped", data: line }] };
}

/** Closes what a turn left open: calls without a result, text that was streamed and never completed. */
export function endRun(state: TurnState): Translation {
  const retracted = retractUntold(state.stream, "the turn ended before it was whole");
  const unfinished = [...state.openTools].map(([id, name]) =>
    finishedTool(id, name, false, null, undefined),
  );
  const next = {
    ...state,
    stream: NO_STREAM,
    openTools: new Map<string, string>(),
    counted: NO_TOKENS,
  };
  return { state: next, events: [...retracted, ...unfinished, ...unsettled(state.counted)] };
}

type Parser<Parsed> = {
  safeParse(value: unknown): { readonly success: boolean; readonly data?: Parsed };
};

function read<Parsed>(
  schema: Parser<Parsed>,
  line: unknown,
  state: TurnState,
  then: (parsed: Parsed) => Translation,
): Translation {
  const { data } = schema.safeParse(line);
  return data === undefined ? { state, events: [{ type: "unmapped", data: line }] } : then(data);
}

function onInit(
  state: TurnState,
  { session_id, mcp_servers }: ReturnType<typeof InitLine.parse>,
): Translation {
  // Each turn begins with one; a run may have several turns.
  if (state.sessionId === session_id) return { state, events: [] };
  const failed = mcp_servers.filter(({ status }) => status === "failed");
  const notices = failed.map(({ name }): HarnessEvent => {
    return {
      type: "notice",
      code: "mcp_server_failed",
      message: `The MCP server "${name}" could not be reached`,
      data: { server: name },
    };
  });
  return {
    state: { ...state, sessionId: session_id },
    events: [{ type: "session.bound", token: session_id }, ...notices],
  };
}

function onStreamLine(state: TurnState, line: ReturnType<typeof StreamLine.parse>): Translation {
  if (line.parent_tool_use_id) return { state, events: [] }; // a sub-agent's: its whole messages follow
  const { stream, events, answered } = foldStreamEvent(
    state.stream,
    line.event,
    line.abandoned_blocks?.from_block_index,
  );
  if (!answered) return { state: { ...state, stream }, events };
  const tokens = tokensOf(answered.usage);
  const turn: HarnessEvent[] = answered.isWhole ? [{ type: "turn" }] : [];
  const counted = addTokens(state.counted, tokens);
  return {
    state: { ...state, stream, counted },
    events: [...events, usageOfCall(answered.model, tokens), ...turn],
  };
}

function onAssistant(state: TurnState, line: AssistantLine): Translation {
  const { message, parent_tool_use_id: parent } = line;
  // An upstream error as if the model had said it: the result tells it as the failure that it is.
  if (line.is_api_error_message || line.error) return { state, events: [] };
  const isSubAgent = typeof parent === "string";
  const isStreamed = !isSubAgent && state.stream.id === message.id;
  const isNew = !isStreamed && state.whole.id !== message.id;
  const seen = isNew ? 0 : state.whole.blocks;
  const first = isStreamed ? placeInStream(state.stream) : seen;
  let next: TurnState = isStreamed
    ? state
    : { ...state, whole: { id: message.id, blocks: seen + message.content.length } };
  const events = message.content.flatMap((block, at) => {
    const told =
      isSubAgent && (block.type === "text" || block.type === "thinking")
        ? []
        : factsOf(block, `${message.id}:${first + at}`);
    next = withOpenTools(next, told);
    return told;
  });
  if (isStreamed)
    next = { ...next, stream: { ...next.stream, told: new Set([...next.stream.told, first]) } };
  if (!isNew || !message.usage || message.model === "<synthetic>") return { state: next, events };
  const tokens = tokensOf(message.usage);
  next = { ...next, counted: addTokens(next.counted, tokens) };
  return { state: next, events: [...events, usageOfCall(message.model, tokens), { type: "turn" }] };
}

function withOpenTools(state: TurnState, events: readonly HarnessEvent[]): TurnState {
  const openTools = new Map(state.openTools);
  for (const event of events) {
    if (event.type === "tool.started") openTools.set(event.toolCallId, event.name);
    if (event.type === "tool.finished") openTools.delete(event.toolCallId);
  }
  return { ...state, openTools };
}

function onUser(
  state: TurnState,
  { message, tool_use_result }: ReturnType<typeof UserLine.parse>,
): Translation {
  // Other content is our own input, or what the program tells the model in our name.
  const blocks = Array.isArray(message.content) ? message.content : [];
  const results = blocks
    .flatMap((block) => Block.safeParse(block).data ?? [])
    .filter((block) => block.type === "tool_result");
  let { plan } = state;
  const events = results.flatMap((result): HarnessEvent[] => {
    const { tool_use_id: id, content, is_error } = result;
    const name = state.openTools.get(id);
    if (name === undefined) return [{ type: "unmapped", data: result }];
    const isError = is_error === true;
    const finished = finishedTool(
      id,
      name,
      !isError,
      outputOf(content),
      exitCodeOf(name, isError, tool_use_result),
    );
    const earlier = plan;
    if (!isError) plan = planAfter(plan, name, tool_use_result);
    return plan === earlier ? [finished] : [finished, planEvent(plan)];
  });
  return { state: withOpenTools({ ...state, plan }, events), events };
}

function onResult(state: TurnState, result: ResultLine): Translation {
  const failure = failureOf(result);
  const hasJson = result.structured_output !== undefined && result.structured_output !== null;
  const answer: HarnessEvent = {
    type: "result",
    text: result.result ?? "",
    ...(hasJson && { json: result.structured_output }),
  };
  const settled = settle(result, state.counted);
  const { state: closed, events } = endRun({ ...state, counted: NO_TOKENS });
  return {
    state: closed,
    events: [...events, ...settled, ...(failure ? [] : [answer])],
    ended: { failure },
  };
}
