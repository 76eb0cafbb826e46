// Reads OpenCode's event stream: whole events, in order, until the connection ends.
import { CodedError } from "../../tools/coded-error.ts";
import { createParser } from "eventsource-parser";
import { ServerEvent } from "./protocol.ts";

/** An event holds a tool's output at most twice; OpenCode cuts that at some 50 KB. */
const MAX_EVENT_CHARACTERS = 64 * 1024 * 1024;

/** Ends by throwing: CodedError `connection_lost` when the server hangs up, `agent_exited` when it is gone, or what the fetch was aborted with. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent, never> {
  const events: ServerEvent[] = [];
  let pending = 0;
  const parser = createParser({
    onEvent({ data }) {
      pending = 0;
      const event = ServerEvent.safeParse(JSON.parse(data));
      if (event.success) events.push(event.data);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of untilGone(body)) {
    pending += chunk.length;
    if (pending > MAX_EVENT_CHARACTERS)
      throw new CodedError(
        "line_too_long",
        `OpenCode sent an event longer than ${MAX_EVENT_CHARACTERS} bytes`,
      );
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* events.splice(0);
  }
  throw new CodedError(
    "connection_lost",
    "OpenCode's server closed its stream of events while the run went on",
  );
}

async function* untilGone(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // fetch says so of a line that broke, and the signal's reason otherwise
    throw new CodedError("agent_exited", "OpenCode's server ended while the run went on", {
      cause: error,
    });
  }
}
