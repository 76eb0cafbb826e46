// What a harness has begun and not finished: texts and inputs that it streams, tool calls and what they print; and the events that close them.
import type { HarnessEvent, TextDelta } from "../../../harnesses/events.ts";

/** Kept of each until a fact closes it. */
const MAX_CHARACTERS = 1024 * 1024;

type Channel = "message" | "reasoning" | "input" | "stdout" | "stderr";

/** Streamed text, of which only the beginning is kept when it is very long. */
interface Streamed {
  text: string;
  cutCharacters: number;
}

export class OpenEnds {
  /** By message or tool call. */
  readonly #streamed: Readonly<Record<Channel, Map<string, Streamed>>> = {
    message: new Map(),
    reasoning: new Map(),
    input: new Map(),
    stdout: new Map(),
    stderr: new Map(),
  };
  /** Names by tool call: of those whose input is being written, and of those at work. */
  readonly #names = new Map<string, string>();
  readonly #calls = new Set<string>();

  /** Of a delta of a text or an output: how many characters came before it. */
  follow(event: HarnessEvent): number | undefined {
    if (event.type === "message.delta") return this.#add("message", event.messageId, event.text);
    if (event.type === "reasoning.delta")
      return this.#add("reasoning", event.messageId, event.text);
    if (event.type === "tool.output") return this.#add(event.stream, event.toolCallId, event.text);
    if (event.type === "message" || event.type === "reasoning")
      this.#streamed[event.type].delete(event.messageId);
    else if (event.type === "message.retracted")
      this.#forget(event.messageId, ["message", "reasoning"]);
    else this.#followTool(event);
    return undefined;
  }

  #followTool(event: HarnessEvent): void {
    if (event.type === "tool.input") {
      this.#names.set(event.toolCallId, event.name);
      this.#add("input", event.toolCallId, event.text);
    } else if (event.type === "tool.started") {
      this.#names.set(event.toolCallId, event.name);
      this.#calls.add(event.toolCallId);
      this.#forget(event.toolCallId, ["input"]);
    } else if (event.type === "tool.finished") {
      this.#calls.delete(event.toolCallId);
      this.#names.delete(event.toolCallId);
      this.#forget(event.toolCallId, ["input", "stdout", "stderr"]);
    }
  }

  /** What has been streamed of each text and output under way, as one delta from its beginning: what who joins late has missed. */
  *soFar(): Generator<TextDelta, void> {
    for (const type of ["reasoning", "message"] as const) {
      for (const [messageId, streamed] of this.#streamed[type])
        yield { type: `${type}.delta`, messageId, offset: 0, text: streamed.text };
    }
    for (const stream of ["stdout", "stderr"] as const) {
      for (const [toolCallId, streamed] of this.#streamed[stream])
        yield { type: "tool.output", toolCallId, stream, offset: 0, text: streamed.text };
    }
  }

  /** Facts that hold all that was streamed and closed by none, and an end for every call. */
  *closings(): Generator<HarnessEvent, void> {
    for (const type of ["reasoning", "message"] as const) {
      for (const [messageId, streamed] of this.#streamed[type])
        yield { type, messageId, text: tell(streamed) };
    }
    for (const [toolCallId, streamed] of this.#streamed.input) {
      const data = { toolCallId, name: this.#nameOf(toolCallId), text: tell(streamed) };
      yield {
        type: "notice",
        code: "tool_input_unfinished",
        message: "The run ended while the model wrote a tool's input",
        data,
      };
    }
    for (const toolCallId of this.#calls) {
      const output = {
        code: "interrupted",
        message: "The run ended before the tool did",
        ...this.#printedBy(toolCallId),
      };
      yield {
        type: "tool.finished",
        toolCallId,
        name: this.#nameOf(toolCallId),
        ok: false,
        output,
      };
    }
  }

  #printedBy(toolCallId: string): { stdout?: string; stderr?: string } {
    const [stdout, stderr] = [
      this.#streamed.stdout.get(toolCallId),
      this.#streamed.stderr.get(toolCallId),
    ];
    return { ...(stdout && { stdout: tell(stdout) }), ...(stderr && { stderr: tell(stderr) }) };
  }

  #nameOf(toolCallId: string): string {
    return this.#names.get(toolCallId) ?? "";
  }

  #add(channel: Channel, id: string, text: string): number {
    const streamed = this.#streamed[channel].get(id) ?? { text: "", cutCharacters: 0 };
    const before = streamed.text.length + streamed.cutCharacters;
    const room = MAX_CHARACTERS - streamed.text.length;
    streamed.text += text.slice(0, room);
    streamed.cutCharacters += Math.max(0, text.length - room);
    this.#streamed[channel].set(id, streamed);
    return before;
  }

  #forget(id: string, channels: readonly Channel[]): void {
    for (const channel of channels) this.#streamed[channel].delete(id);
  }
}

function tell({ text, cutCharacters }: Streamed): string {
  return cutCharacters === 0 ? text : `${text}… [${cutCharacters} more characters are not kept]`;
}
