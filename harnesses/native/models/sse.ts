// Reads a model server's answer as the stream it should be, and says at once where it is something else.
import { createParser } from "eventsource-parser";
import { headOf } from "../../../tools/machinery/text/cut.ts";
import { isObject } from "../gate/json.ts";
import { failureOfToldError, ModelFailure } from "./model-failure.ts";

/** What ends a stream of OpenAI's dialects. */
export const DONE = "[DONE]";
const MAX_SHOWN_CHARS = 500;
/** Of an answer that is no stream. */
const MAX_BODY_CHARS = 1024 * 1024;

/**
 * The data of the events, parsed, and `DONE` where the server says it. Throws ModelFailure for an error that is told in the stream or in
 * its place, and SyntaxError for data that is no JSON.
 */
export async function* readEvents(response: Response): AsyncGenerator<unknown, void> {
  const data: string[] = [];
  const parser = createParser({ onEvent: (event) => data.push(event.data) });
  const chunks = textsOf(response);
  let begun = "";
  for await (const chunk of chunks) {
    if (begun.trim() === "") {
      begun += chunk;
      // No line of a stream begins so; what comes is one JSON value, or a page for people.
      if (/^\s*[{[<]/.test(begun)) throw failureOfBody(await restOf(chunks, begun));
    }
    parser.feed(chunk);
    for (const each of data.splice(0)) yield* read(each);
  }
  parser.feed("\n\n"); // some end without the blank line that closes the last event
  const [last] = data;
  if (last !== undefined && isWhole(last)) yield* read(last);
}

async function* textsOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) yield decoder.decode(bytes, { stream: true });
}

async function restOf(chunks: AsyncIterable<string>, begun: string): Promise<string> {
  let text = begun;
  for await (const chunk of chunks) {
    text += chunk;
    if (text.length > MAX_BODY_CHARS) break;
  }
  return text;
}

function* read(data: string): Generator {
  const text = data.trim();
  if (text === "") return;
  const event: unknown = text === DONE ? DONE : JSON.parse(data);
  if (isObject(event) && event["error"]) throw failureOfToldError(event["error"]);
  yield event;
}

function isWhole(data: string): boolean {
  try {
    return data.trim() === DONE || isObject(JSON.parse(data));
  } catch {
    return false;
  }
}

/** Asking again gets the same: only an error that says of itself that it passes is tried again. */
function failureOfBody(body: string): ModelFailure {
  const shown = headOf(body.trim(), MAX_SHOWN_CHARS);
  try {
    const told: unknown = JSON.parse(body);
    const [first] = Array.isArray(told) ? (told as unknown[]) : [told];
    if (isObject(first) && first["error"]) return failureOfToldError(first["error"], 400);
  } catch {
    // No JSON: shown as it is.
  }
  return new ModelFailure(
    "malformed_stream",
    `The model's server answered with something else than the stream that was asked for: ${shown}`,
    { retryable: false },
  );
}
