// One way to open the OpenAI SDK for any server that speaks its dialects, reading nothing from the environment.
import type OpenAI from "openai";
import type { ModelAccess } from "../../providers.ts";

/** A request with more is refused: https://github.com/zed-industries/zed/issues/32946 */
export const OPENAI_MAX_TOOLS = 128;

/** Retries are ours, so that they can be seen. */
export async function openOpenaiClient(access: ModelAccess): Promise<OpenAI> {
  const { default: Client } = await import("openai");
  return new Client({
    apiKey: access.apiKey === "" ? "none" : access.apiKey, // the SDK insists on one, local servers do not look
    baseURL: access.baseUrl,
    adminAPIKey: null,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: "off",
  });
}
