// Where models live: what each provider is called, speaks, and names its settings in an environment.

/** The wire formats that model servers speak. */
export type ModelDialect = "anthropic-messages" | "openai-responses" | "openai-chat";

export interface ProviderDescription {
  /** The prefix of its models' names: `anthropic/…`. */
  readonly name: string;
  /** What its servers speak; the first is the provider's own, and the one that its base URL is written for. */
  readonly dialects: readonly [ModelDialect, ...ModelDialect[]];
  /** As the SDK of its own dialect wants it: Anthropic's without `/v1`, the others' with it. */
  readonly defaultBaseUrl: string;
  readonly keyVariable: string;
  readonly baseUrlVariable: string;
  /** False where a server commonly runs without a key, such as a local one. */
  readonly needsKey: boolean;
  /** True where each answer says what it cost. */
  readonly reportsCost?: boolean;
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

// As the vendors document it, the gateways and local servers answer /v1/chat/completions, /v1/messages and /v1/responses alike.
const ALL_DIALECTS = ["openai-chat", "anthropic-messages", "openai-responses"] as const;

export const providers: readonly ProviderDescription[] = [
  {
    name: "anthropic",
    dialects: ["anthropic-messages"],
    defaultBaseUrl: "https://api.anthropic.com",
    keyVariable: "ANTHROPIC_API_KEY",
    baseUrlVariable: "ANTHROPIC_BASE_URL",
    needsKey: true,
  },
  {
    name: "openai",
    dialects: ["openai-responses", "openai-chat"],
    defaultBaseUrl: "https://api.openai.com/v1",
    keyVariable: "OPENAI_API_KEY",
    baseUrlVariable: "OPENAI_BASE_URL",
    needsKey: true,
  },
  {
    name: "openrouter",
    dialects: ALL_DIALECTS,
    defaultBaseUrl: "https://openrouter.ai/api/v1",
    keyVariable: "OPENROUTER_API_KEY",
    baseUrlVariable: "OPENROUTER_BASE_URL",
    needsKey: true,
    reportsCost: true,
  },
  {
    name: "vercel",
    dialects: ALL_DIALECTS,
    defaultBaseUrl: "https://ai-gateway.vercel.sh/v1",
    keyVariable: "AI_GATEWAY_API_KEY",
    baseUrlVariable: "AI_GATEWAY_BASE_URL",
    needsKey: true,
  },
  {
    name: "ollama",
    dialects: ALL_DIALECTS,
    defaultBaseUrl: "http://127.0.0.1:11434/v1",
    keyVariable: "OLLAMA_API_KEY",
    baseUrlVariable: "OLLAMA_BASE_URL",
    needsKey: false,
  },
  {
    name: "vllm",
    dialects: ALL_DIALECTS,
    defaultBaseUrl: "http://127.0.0.1:8000/v1",
    keyVariable: "VLLM_API_KEY",
    baseUrlVariable: "VLLM_BASE_URL",
    needsKey: false,
  },
];

/** Splits `provider/model`; the model may hold further slashes. Null when there is no known provider in front. */
export function splitModelName(
  name: string,
): { provider: ProviderDescription; model: string } | null {
  const slash = name.indexOf("/");
  const provider = providers.find((each) => each.name === name.slice(0, slash));
  return slash > 0 && provider !== undefined && slash + 1 < name.length
    ? { provider, model: name.slice(slash + 1) }
    : null;
}

/** A provider's base URL as the clients of one of its dialects want it: Anthropic's add `/v1` themselves. */
export function baseUrlFor(
  dialect: ModelDialect,
  { dialects }: ProviderDescription,
  baseUrl: string,
): string {
  const address = baseUrl.replace(/\/+$/, "");
  return dialect === "anthropic-messages" && dialects[0] !== dialect
    ? address.replace(/\/v1$/, "")
    : address;
}
