// Collects one reply from its pieces, giving each piece back as the delta that hosts see.
import { headOf } from "../../../tools/machinery/text/cut.ts";
import type { HarnessEvent } from "../../events.ts";
import { isObject } from "../gate/json.ts";
import { wellFormed } from "../gate/well-formed.ts";
import type { ModelCall } from "./turn.ts";
import { ReplyText } from "./reply-text.ts";

const MAX_SHOWN_INPUT_CHARS = 500;

interface OpenCall {
  readonly toolCallId: string;
  readonly name: string;
  readonly text: ReplyText;
  inputText: string;
}

type CallKey = string | number;

export class ReplyBuilder {
  readonly #messageId: string;
  readonly #takenIds: Set<string>;
  readonly #calls = new Map<CallKey, OpenCall>();
  readonly #gap = { text: false, reasoning: false };
  readonly #open = { text: new ReplyText(), reasoning: new ReplyText() };
  text = "";
  reasoning = "";

  /** `takenIds`: of the conversation's earlier calls. A model that gives one of them again gets another in its place. */
  constructor(messageId: string, takenIds: ReadonlySet<string>) {
    this.#messageId = messageId;
    this.#takenIds = new Set(takenIds);
  }

  /** The next piece of text begins a block of its own. */
  *beginText(): Generator<HarnessEvent> {
    yield* this.#say("text", this.#open.text.end());
    this.#gap.text = this.text !== "";
  }

  *beginReasoning(): Generator<HarnessEvent> {
    yield* this.#say("reasoning", this.#open.reasoning.end());
    this.#gap.reasoning = this.reasoning !== "";
  }

  *addText(piece: unknown): Generator<HarnessEvent> {
    yield* this.#say("text", this.#open.text.take(piece));
  }

  *addReasoning(piece: unknown): Generator<HarnessEvent> {
    yield* this.#say("reasoning", this.#open.reasoning.take(piece));
  }

  *#say(kind: "text" | "reasoning", piece: string): Generator<HarnessEvent> {
    if (piece === "") return;
    const text = this.#gap[kind] ? `\n\n${piece}` : piece;
    this.#gap[kind] = false;
    this[kind] += text;
    const type = kind === "text" ? "message.delta" : "reasoning.delta";
    yield { type, messageId: this.#messageId, text };
  }

  /** `key` is how the server names the call while it streams. Gives the call's id. */
  beginCall(key: CallKey, wantedId: unknown, name: string): string {
    const isFree =
      typeof wantedId === "string" && wantedId.trim() !== "" && !this.#takenIds.has(wantedId);
    const toolCallId = isFree ? wantedId.toWellFormed() : `call_${crypto.randomUUID()}`;
    this.#takenIds.add(toolCallId);
    const call = { toolCallId, name: name.toWellFormed(), text: new ReplyText(), inputText: "" };
    this.#calls.set(key, call);
    return toolCallId;
  }

  hasCall(key: CallKey): boolean {
    return this.#calls.has(key);
  }

  *addInput(key: CallKey, piece: unknown): Generator<HarnessEvent> {
    const call = this.#calls.get(key);
    if (call) yield* this.#grow(call, call.text.take(piece));
  }

  *#grow(call: OpenCall, text: string): Generator<HarnessEvent> {
    if (text === "") return;
    call.inputText += text;
    yield { type: "tool.input", toolCallId: call.toolCallId, name: call.name, text };
  }

  /** Replaces what was streamed by the whole, where a server sends it again at the end. */
  *setInput(key: CallKey, inputText: string): Generator<HarnessEvent> {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    if (call.inputText === "") yield* this.addInput(key, inputText);
    else call.inputText = inputText.toWellFormed();
  }

  inputTextOf(key: CallKey): string {
    return this.#calls.get(key)?.inputText ?? "";
  }

  /** Says what was held back for its other half. */
  *end(): Generator<HarnessEvent> {
    yield* this.#say("text", this.#open.text.end());
    yield* this.#say("reasoning", this.#open.reasoning.end());
    for (const call of this.#calls.values()) yield* this.#grow(call, call.text.end());
  }

  callOf(key: CallKey): ModelCall | undefined {
    const call = this.#calls.get(key);
    return call && readCall(call);
  }

  get calls(): ModelCall[] {
    return [...this.#calls.values()].map(readCall);
  }
}

/** Input that cannot be read is not an error here: the model is told, and tries again. */
function readCall({ toolCallId, name, inputText }: OpenCall): ModelCall {
  const unreadable = (reason: string): ModelCall => ({
    toolCallId,
    name,
    input: {},
    problem: `The input is ${reason}: ${headOf(inputText, MAX_SHOWN_INPUT_CHARS)}`,
  });
  if (inputText.trim() === "") return { toolCallId, name, input: {} };
  try {
    const input: unknown = JSON.parse(inputText);
    return isObject(input)
      ? { toolCallId, name, input: wellFormed(input) }
      : unreadable("not a JSON object");
  } catch {
    return unreadable("not valid JSON");
  }
}
