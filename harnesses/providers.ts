// Where models live: what each provider is called, speaks, and names its settings in an environment.

/** The wire formats that model servers speak. */
export type ModelDialect = "anthropic-messages" | "openai-responses" | "openai-chat";

export interface ProviderDescription {
  /** The prefix of its models' names: `anthropic/…`. */
  readonly name: string;
  readonly dialect: ModelDialect;
  /** As its SDK wants it: Anthropic's without `/v1`, the others' with it. Null: must be given. */
  readonly defaultBaseUrl: string | null;
  readonly keyVariable: string;
  readonly baseUrlVariable: string;
  /** False where a server commonly runs without a key, such as a local one. */
  readonly needsKey: boolean;
}

/** Where to reach a model, and with what. */
export interface ModelAccess {
  readonly provider: string;
  readonly dialect: ModelDialect;
  /** Without the provider's prefix, as the server wants it. */
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey: string;
}

export const providers: readonly ProviderDescription[] = [
  {
    name: "anthropic",
    dialect: "anthropic-messages",
    defaultBaseUrl: "https://api.anthropic.com",
    keyVariable: "ANTHROPIC_API_KEY",
    baseUrlVariable: "ANTHROPIC_BASE_URL",
    needsKey: true,
  },
  {
    name: "openai",
    dialect: "openai-responses",
    defaultBaseUrl: "https://api.openai.com/v1",
    keyVariable: "OPENAI_API_KEY",
    baseUrlVariable: "OPENAI_BASE_URL",
    needsKey: true,
  },
  {
    name: "openrouter",
    dialect: "openai-chat",
    defaultBaseUrl: "https://openrouter.ai/api/v1",
    keyVariable: "OPENROUTER_API_KEY",
    baseUrlVariable: "OPENROUTER_BASE_URL",
    needsKey: true,
  },
  {
    name: "vercel",
    dialect: "openai-chat",
    defaultBaseUrl: "https://ai-gateway.vercel.sh/v1",
    keyVariable: "AI_GATEWAY_API_KEY",
    baseUrlVariable: "AI_GATEWAY_BASE_URL",
    needsKey: true,
  },
  {
    name: "ollama",
    dialect: "openai-chat",
    defaultBaseUrl: "http://127.0.0.1:11434/v1",
    keyVariable: "OLLAMA_API_KEY",
    baseUrlVariable: "OLLAMA_BASE_URL",
    needsKey: false,
  },
  {
    name: "vllm",
    dialect: "openai-chat",
    defaultBaseUrl: "http://127.0.0.1:8000/v1",
    keyVariable: "VLLM_API_KEY",
    baseUrlVariable: "VLLM_BASE_URL",
    needsKey: false,
  },
];

/** Splits `provider/model`; the model may hold further slashes. Null when there is no known provider in front. */
export function splitModelName(name: string): { provider: ProviderDescription; model: string } | null {
  const slash = name.indexOf("/");
  const provider = providers.find((each) => each.name === name.slice(0, slash));
  return slash > 0 && provider !== undefined && slash + 1 < name.length ? { provider, model: name.slice(slash + 1) } : null;
}
