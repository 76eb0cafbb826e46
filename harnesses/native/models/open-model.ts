// Which adapter speaks to which server.
import type { ModelAccess } from "../../providers.ts";
import { anthropicModel } from "./anthropic/model.ts";
import { openaiChatModel } from "./chat/model.ts";
import type { Model } from "./model.ts";
import { openaiResponsesModel } from "./responses/model.ts";

/** The adapter for a server. */
export function openModel(access: ModelAccess): Model {
  const adapters = {
    "anthropic-messages": anthropicModel,
    "openai-responses": openaiResponsesModel,
    "openai-chat": openaiChatModel,
  };
  return adapters[access.dialect](access);
}
