// Speaks Anthropic Messages: our turns to its messages, its stream to our deltas and one reply.
import type { ModelAccess } from "../../../providers.ts";
import type { Model } from "../model.ts";
import { readModelStream } from "../model-stream.ts";
import { readEvents } from "../sse.ts";
import { MessageReader } from "./reply.ts";
import { anthropicBody } from "./request.ts";

export function anthropicModel(access: ModelAccess): Model {
  const name = `${access.provider}/${access.model}`;
  return {
    name,
    takesPdf: true,
    maxTools: Infinity,
    async *reply(request) {
      const { default: Client } = await import("@anthropic-ai/sdk");
      const client = new Client({
        apiKey: access.apiKey,
        baseURL: access.baseUrl,
        maxRetries: 0,
        logLevel: "off",
      });
      const body = anthropicBody(access.model, name, request);
      const open = async (signal: AbortSignal) =>
        readEvents(await client.messages.create(body, { signal }).asResponse());
      const reading = new MessageReader(request);
      for await (const event of readModelStream(open, request.stallMs, request.signal))
        yield* reading.read(event);
      return yield* reading.finish();
    },
  };
}
