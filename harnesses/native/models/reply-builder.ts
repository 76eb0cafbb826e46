// Collects one reply from its pieces, giving each piece back as the delta that hosts see.
import type { HarnessEvent } from "../../events.ts";
import type { ModelCall } from "../loop/turn.ts";

interface OpenCall {
  readonly toolCallId: string;
  readonly name: string;
  inputText: string;
}

export class ReplyBuilder {
  readonly #messageId: string;
  readonly #calls = new Map<string | number, OpenCall>();
  readonly #gap = { text: false, reasoning: false };
  text = "";
  reasoning = "";

  constructor(messageId: string) {
    this.#messageId = messageId;
  }

  /** The next piece of text begins a block of its own. */
  beginText(): void {
    this.#gap.text = this.text !== "";
  }

  beginReasoning(): void {
    this.#gap.reasoning = this.reasoning !== "";
  }

  *addText(piece: string): Generator<HarnessEvent> {
    if (piece === "") return;
    const text = this.#gap.text ? `\n\n${piece}` : piece;
    this.#gap.text = false;
    this.text += text;
    yield { type: "message.delta", messageId: this.#messageId, text };
  }

  *addReasoning(piece: string): Generator<HarnessEvent> {
    if (piece === "") return;
    const text = this.#gap.reasoning ? `\n\n${piece}` : piece;
    this.#gap.reasoning = false;
    this.reasoning += text;
    yield { type: "reasoning.delta", messageId: this.#messageId, text };
  }

  /** `key` is how the server names the call while it streams. */
  beginCall(key: string | number, toolCallId: string, name: string): void {
    this.#calls.set(key, { toolCallId, name, inputText: "" });
  }

  hasCall(key: string | number): boolean {
    return this.#calls.has(key);
  }

  *addInput(key: string | number, piece: string): Generator<HarnessEvent> {
    const call = this.#calls.get(key);
    if (call === undefined || piece === "") return;
    call.inputText += piece;
    yield { type: "tool.input", toolCallId: call.toolCallId, name: call.name, text: piece };
  }

  /** Replaces what was streamed by the whole, where a server sends it again at the end. */
  setInput(key: string | number, inputText: string): void {
    const call = this.#calls.get(key);
    if (call) call.inputText = inputText;
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
    problem: `The input is ${reason}: ${inputText.slice(0, 500)}`,
  });
  if (inputText.trim() === "") return { toolCallId, name, input: {} };
  try {
    const input: unknown = JSON.parse(inputText);
    if (typeof input !== "object" || input === null || Array.isArray(input))
      return unreadable("not a JSON object");
    return { toolCallId, name, input: input as Record<string, unknown> };
  } catch {
    return unreadable("not valid JSON");
  }
}
