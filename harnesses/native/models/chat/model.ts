// Speaks OpenAI chat completions, the dialect of gateways (OpenRouter, Vercel) and of local servers (vLLM, Ollama).
import type { ModelAccess } from "../../../providers.ts";
import type { Model } from "../model.ts";
import { readModelStream } from "../model-stream.ts";
import { OPENAI_MAX_TOOLS, openOpenaiClient } from "../openai-client.ts";
import { readEvents } from "../sse.ts";
import { ChunkReader } from "./reply.ts";
import { chatBody } from "./request.ts";

/** Gateways pass PDFs on to models that read them; local servers refuse them. */
const TAKE_PDF: ReadonlySet<string> = new Set(["openrouter", "vercel"]);

export function openaiChatModel(access: ModelAccess): Model {
  const name = `${access.provider}/${access.model}`;
  return {
    name,
    takesPdf: TAKE_PDF.has(access.provider),
    maxTools: OPENAI_MAX_TOOLS,
    async *reply(request) {
      const client = await openOpenaiClient(access);
      const body = chatBody(access.model, name, request);
      const open = async (signal: AbortSignal) =>
        readEvents(await client.chat.completions.create(body, { signal }).asResponse());
      const reading = new ChunkReader(request);
      for await (const chunk of readModelStream(open, request.stallMs, request.signal))
        yield* reading.read(chunk);
      return yield* reading.finish();
    },
  };
}
