// Sends one answer: headers, frames, pauses, and whatever the script wants to go wrong.
import type { ServerResponse } from "node:http";
import { setImmediate as nextTick, setTimeout as delay } from "node:timers/promises";
import { objectOf } from "./dialects/dialect.ts";
import type { Dialect, Frame } from "./dialects/dialect.ts";
import type { Fault, Reply, Step } from "./script.ts";

/** How an answer ended, when it did not end well by our own doing. */
export type Ending = "done" | "broken";

/** Answers with a JSON body. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "request-id": "req_scripted",
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** Answers with the reply under the step's fault; resolves when there is nothing more to send. */
export async function sendReply(
  response: ServerResponse,
  dialect: Dialect,
  reply: Reply,
  step: Step,
  stream: boolean,
): Promise<Ending> {
  const { fault } = step;
  if (fault && "refuse" in fault) {
    response.socket?.resetAndDestroy();
    return "broken";
  }
  if (fault && "status" in fault) {
    sendFailure(response, dialect, fault);
    return "broken";
  }
  if (stream) return await sendFrames(response, dialect, reply, step);
  if (fault) {
    response.socket?.resetAndDestroy(); // every fault of a stream is a cut to a client that waits for the whole
    return "broken";
  }
  sendJson(response, 200, dialect.whole(reply));
  return "done";
}

function sendFailure(
  response: ServerResponse,
  dialect: Dialect,
  fault: Extract<Fault, { status: number }>,
): void {
  const headers: Record<string, string> =
    fault.retryAfterS === undefined ? {} : { "retry-after": String(fault.retryAfterS) };
  sendJson(
    response,
    fault.status,
    fault.body ?? dialect.errorBody(fault.status, `The script answers ${fault.status}`),
    headers,
  );
}

async function sendFrames(
  response: ServerResponse,
  dialect: Dialect,
  reply: Reply,
  step: Step,
): Promise<Ending> {
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "request-id": "req_scripted",
  });
  const faultAt = firstFaultyChunk(step.fault);
  let chunks = 0;
  for (const frame of step.raw?.map(rawFrame) ?? dialect.frames(reply)) {
    if (response.destroyed) return "done";
    if (frame.chunk && chunks++ === faultAt && step.fault) {
      if ("malformedAfterChunks" in step.fault)
        await writeFrame(response, { ...frame, data: '{"type":"half a fra' });
      else return await breakOff(response, dialect, step.fault);
    }
    if (frame.chunk && step.chunkDelayMs !== undefined) await delay(step.chunkDelayMs);
    await writeFrame(response, frame);
  }
  // A fault past the last chunk, or one in a reply without chunks, still shows.
  if (step.fault && !("malformedAfterChunks" in step.fault) && chunks <= faultAt)
    return await breakOff(response, dialect, step.fault);
  response.end();
  return "done";
}

/** An object that names its type is an event of that name, as Anthropic's and Responses' are. */
function rawFrame(data: unknown): Frame {
  const type = objectOf(data)["type"];
  return { data, ...(typeof type === "string" && { event: type }) };
}

function firstFaultyChunk(fault: Fault | undefined): number {
  if (!fault) return Infinity;
  if ("cutAfterChunks" in fault) return fault.cutAfterChunks;
  if ("malformedAfterChunks" in fault) return fault.malformedAfterChunks;
  if ("stallAfterChunks" in fault) return fault.stallAfterChunks;
  return 1;
}

async function breakOff(response: ServerResponse, dialect: Dialect, fault: Fault): Promise<Ending> {
  if ("sseError" in fault) {
    await writeFrame(response, dialect.errorFrame(fault.sseError));
    response.end();
  } else if ("stallAfterChunks" in fault) {
    await new Promise((resolve) => response.once("close", resolve));
    return "done";
  } else {
    response.socket?.destroySoon(); // what was written before the cut still arrives
  }
  return "broken";
}

/** Writes a frame in two packets that part inside a character, where it has one of several bytes. */
async function writeFrame(response: ServerResponse, { event, data }: Frame): Promise<void> {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  const bytes = Buffer.from(`${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`);
  const wide = bytes.findIndex((byte) => byte > 127);
  if (wide >= 0) {
    response.write(bytes.subarray(0, wide + 1));
    await nextTick();
  }
  response.write(bytes.subarray(wide + 1));
}
