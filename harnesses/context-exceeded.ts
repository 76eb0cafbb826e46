// How model servers say that a conversation is longer than the model holds: each in its own words, with where they are known from.

interface ServerWords {
  readonly server: string;
  readonly words: RegExp;
  readonly source: string;
}

export const contextExceededWords: readonly ServerWords[] = [
  {
    server: "Anthropic",
    words: /prompt is too long|input length and `max_tokens` exceed/i,
    source: "https://docs.claude.com/en/docs/build-with-claude/context-windows",
  },
  {
    server: "OpenAI, and most that speak its dialects",
    words: /context_length_exceeded|maximum context length|exceeds? (the|its) context window/i,
    source: "https://platform.openai.com/docs/guides/error-codes",
  },
  {
    server: "llama.cpp",
    words: /exceed_context_size|exceeds? the available context size/i,
    source: "https://github.com/ggml-org/llama.cpp/pull/15780",
  },
  {
    server: "llama-cpp-python",
    words: /requested tokens \(\d+\) exceed context window/i,
    source: "https://github.com/rllm-team/rllm/issues/55",
  },
  {
    server: "Bedrock",
    words: /input is too long for requested model/i,
    source: "https://github.com/aws-samples/bedrock-chat/issues/95",
  },
  {
    server: "Gemini",
    words: /input token count.{0,40}exceeds the maximum number of tokens/i,
    source: "https://github.com/google-gemini/gemini-cli/issues/6678",
  },
  {
    server: "xAI",
    words: /maximum prompt length is \d+/i,
    source: "https://github.com/cline/cline/issues/3120",
  },
  {
    server: "Groq, Cerebras",
    words: /reduce the length of the messages/i,
    source: "https://github.com/OpenHands/OpenHands/issues/1902",
  },
  {
    server: "Kimi",
    words: /exceeded model token limit/i,
    source: "https://platform.moonshot.ai/docs/api/chat#error-codes",
  },
  {
    server: "Ollama",
    words:
      /prompt too long; exceeded max context length|input (length )?exceeds.{0,12} context length/i,
    source: "https://github.com/ITSpecialist111/ai_automation_suggester/issues/37",
  },
  {
    server: "vLLM",
    words: /longer than the maximum model length|too long to fit into the model/i,
    source: "https://github.com/xorbitsai/inference/issues/3785",
  },
  {
    server: "OpenRouter",
    words: /endpoint's maximum context length/i,
    source: "https://github.com/OpenHands/OpenHands/issues/9937",
  },
  {
    server: "LM Studio",
    words: /greater than the context length/i,
    source: "https://github.com/franksec42/LmStudioToCursor",
  },
  {
    server: "Mistral",
    words: /too large for model with \d+ maximum context length/i,
    source: "https://docs.mistral.ai/capabilities/completion/",
  },
  {
    server: "others",
    words:
      /context[_ ]length[_ ]exceeded|exceeds?.{0,20} (context window|context length)|context window (full|exceeds)|too many tokens|token limit exceeded/i,
    source: "words that several servers share",
  },
];

export function saysContextExceeded(reason: string): boolean {
  return contextExceededWords.some(({ words }) => words.test(reason));
}
