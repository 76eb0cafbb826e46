// Speaks OpenAI Responses, statelessly: nothing is stored at the server, encrypted reasoning travels with us.
import type { ModelAccess } from "../../../providers.ts";
import type { Model } from "../model.ts";
import { readModelStream } from "../model-stream.ts";
import { OPENAI_MAX_TOOLS, openOpenaiClient } from "../openai-client.ts";
import { readEvents } from "../sse.ts";
import { ResponseReader } from "./reply.ts";
import { responsesBody } from "./request.ts";

export function openaiResponsesModel(access: ModelAccess): Model {
  const name = `${access.provider}/${access.model}`;
  return {
    name,
    takesPdf: true,
    maxTools: OPENAI_MAX_TOOLS,
    async *reply(request) {
      const client = await openOpenaiClient(access);
      const body = responsesBody(access.model, name, request);
      const open = async (signal: AbortSignal) =>
        readEvents(await client.responses.create(body, { signal }).asResponse());
      const reading = new ResponseReader(request);
      for await (const event of readModelStream(open, request.stallMs, request.signal))
        yield* reading.read(event);
      return yield* reading.finish();
    },
  };
}
