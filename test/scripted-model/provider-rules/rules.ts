// What model providers refuse: each rule with where it is known from. docs/provider-rules.md is written from this.
import type { ModelDialect } from "../../../harnesses/providers.ts";

export interface ProviderRule {
  /** The dialects whose servers hold requests to it. */
  readonly dialects: readonly ModelDialect[];
  readonly says: string;
  /** Public reports of the refusal, documentation, or the declarations of a vendor's own SDK. */
  readonly sources: readonly string[];
}

const ALL = ["anthropic-messages", "openai-responses", "openai-chat"] as const;
const ANTHROPIC = ["anthropic-messages"] as const;
const OPENAI = ["openai-responses", "openai-chat"] as const;
const RESPONSES = ["openai-responses"] as const;
const CHAT = ["openai-chat"] as const;

const issue = (repository: string, number: number): string =>
  `https://github.com/${repository}/issues/${number}`;

export const providerRules = {
  "well-formed-text": {
    dialects: ALL,
    says: "Every string is well-formed Unicode: no half of a surrogate pair.",
    sources: [issue("anthropics/claude-code", 3277), issue("anthropics/claude-code", 60394)],
  },
  "conversation-present": {
    dialects: ALL,
    says: "There is at least one message or item.",
    sources: ["https://docs.claude.com/en/api/messages"],
  },
  "first-from-user": {
    dialects: ["anthropic-messages", "openai-chat"],
    says: "The first message after the system prompt is the user's.",
    sources: ["https://docs.claude.com/en/api/messages", issue("microsoft/autogen", 3597)],
  },
  "roles-alternate": {
    dialects: CHAT,
    says: "Two messages of the user, or two of the model, never follow each other: the chat templates of local models demand turns.",
    sources: [issue("vllm-project/vllm", 6862), issue("microsoft/autogen", 1037)],
  },
  "last-not-from-model": {
    dialects: CHAT,
    says: "The last message is the user's or a tool's answer.",
    sources: [issue("0xPlaygrounds/rig", 708)],
  },
  "message-not-empty": {
    dialects: ALL,
    says: "A message has content: no empty list of parts, no empty list of calls, no `null` beside no call.",
    sources: [
      issue("anthropics/claude-code", 59812),
      "https://platform.openai.com/docs/api-reference/chat/create",
    ],
  },
  "text-not-blank": {
    dialects: ALL,
    says: "A text is never empty or white space alone. Anthropic's rule, which gateways of the other dialects pass on.",
    sources: [issue("anthropics/claude-code", 23352), issue("anomalyco/opencode", 31259)],
  },
  "no-trailing-space": {
    dialects: ANTHROPIC,
    says: "What the model is to go on from does not end in white space.",
    sources: [issue("anomalyco/opencode", 1295), issue("tailcallhq/forgecode", 1872)],
  },
  "fields-are-there": {
    dialects: ALL,
    says: "What must be a string, a list or an object is one: never absent, never of another type.",
    sources: ["the declarations of @anthropic-ai/sdk and openai"],
  },
  "call-answered": {
    dialects: ALL,
    says: "Each call has exactly one answer, directly after the model's turn.",
    sources: [
      issue("anthropics/claude-code", 1577),
      issue("agno-agi/agno", 3105),
      issue("RooCodeInc/Roo-Code", 12248),
    ],
  },
  "answer-called-for": {
    dialects: ALL,
    says: "Each answer belongs to a call of the model's turn before it.",
    sources: [
      issue("router-for-me/CLIProxyAPI", 497),
      issue("microsoft/vscode", 320060),
      issue("can1357/oh-my-pi", 106),
    ],
  },
  "answers-first": {
    dialects: ANTHROPIC,
    says: "In the message after calls, their answers stand before everything else.",
    sources: [issue("anthropics/anthropic-sdk-typescript", 653)],
  },
  "call-id-unique": {
    dialects: ALL,
    says: "No two calls of a conversation have the same id.",
    sources: [issue("anthropics/claude-code", 21317), issue("anomalyco/opencode", 1279)],
  },
  "call-id-form": {
    dialects: ALL,
    says: "Anthropic: `^[a-zA-Z0-9_-]{1,64}$`. Responses: 1 to 64 characters. Chat: not empty; for OpenAI's models at most 40 characters, for Claude Anthropic's form, for Mistral's nine letters and digits.",
    sources: [
      issue("anomalyco/opencode", 1279),
      issue("microsoft/autogen", 6377),
      issue("anomalyco/opencode", 1680),
    ],
  },
  "call-input": {
    dialects: ALL,
    says: "The input of a call is a JSON object: as an object (Anthropic), or as text that can be parsed (OpenAI).",
    sources: [
      "https://docs.claude.com/en/api/messages",
      issue("vllm-project/vllm", 43995),
      issue("OpenHands/software-agent-sdk", 2887),
    ],
  },
  "tool-name-form": {
    dialects: ALL,
    says: "The name of a tool is `^[a-zA-Z0-9_-]{1,64}$`, where it is offered and where it was called.",
    sources: [
      "https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use",
      "FunctionDefinition.name of the openai package",
      issue("home-assistant/core", 147760),
      issue("nanbingxyz/5ire", 403),
    ],
  },
  "tool-name-unique": {
    dialects: ALL,
    says: "No two offered tools have the same name.",
    sources: [issue("onyx-dot-app/onyx", 9229)],
  },
  "tools-declared": {
    dialects: ANTHROPIC,
    says: "A conversation that holds calls or answers declares tools (Bedrock's rule, which gateways pass on).",
    sources: ["https://github.com/aws-samples/bedrock-access-gateway/pull/239"],
  },
  "tool-count": {
    dialects: OPENAI,
    says: "At most 128 tools.",
    sources: [issue("zed-industries/zed", 32946), issue("anomalyco/opencode", 4909)],
  },
  "schema-is-object": {
    dialects: ALL,
    says: 'A tool\'s schema says `type: "object"` at its top.',
    sources: [
      "Tool.InputSchema of @anthropic-ai/sdk",
      "https://github.com/openai/openai-agents-python/pull/454",
    ],
  },
  "schema-top-level": {
    dialects: ALL,
    says: "A tool's schema has no `anyOf`, `oneOf` or `allOf` at its top; OpenAI refuses `enum`, `not` and `$ref` there too.",
    sources: [
      issue("anthropics/claude-code", 5973),
      issue("mobile-next/mobile-mcp", 344),
      "https://platform.openai.com/docs/guides/structured-outputs",
    ],
  },
  "schema-properties": {
    dialects: OPENAI,
    says: "A tool's schema has `properties`.",
    sources: [issue("spring-projects/spring-ai", 4776), issue("inboxapi/cli", 106)],
  },
  "schema-items": {
    dialects: OPENAI,
    says: "An array in a tool's schema has `items`.",
    sources: [issue("bnb-chain/bnbchain-mcp", 68)],
  },
  "schema-valid": {
    dialects: ALL,
    says: "A tool's schema is valid JSON Schema 2020-12, its references lead somewhere.",
    sources: [issue("acomagu/vscode-as-mcp-server", 6)],
  },
  "schema-property-names": {
    dialects: ANTHROPIC,
    says: "The properties at the top of a tool's schema are named `^[a-zA-Z0-9_.-]{1,64}$`.",
    sources: [
      issue("beautyfree/appstore-connect-mcp", 2),
      "https://github.com/decocms/studio/pull/6874",
    ],
  },
  "image-type": {
    dialects: ALL,
    says: "An image is a png, jpeg, gif or webp, its bytes are what its type says, and its head can be read.",
    sources: [
      issue("vybestack/llxprt-code", 2130),
      "https://docs.claude.com/en/docs/build-with-claude/vision",
    ],
  },
  "image-size": {
    dialects: ALL,
    says: "An image is at most 5 MiB, counted in base64 as Anthropic counts it, and not empty.",
    sources: [
      "https://docs.claude.com/en/docs/build-with-claude/vision",
      "https://github.com/aipoch/open-science/pull/225",
    ],
  },
  "image-dimensions": {
    dialects: ANTHROPIC,
    says: "An image is at most 8000 pixels wide and high; at most 2000 where a request has more than 20; at most 100 in a request.",
    sources: [
      "https://docs.claude.com/en/docs/build-with-claude/vision",
      issue("anthropics/claude-code", 49720),
    ],
  },
  "pdf-is-pdf": {
    dialects: ALL,
    says: "A PDF begins with `%PDF-`.",
    sources: ["https://docs.claude.com/en/docs/build-with-claude/pdf-support"],
  },
  "thinking-signed": {
    dialects: ANTHROPIC,
    says: "A thinking block has its text and its signature, a redacted one its data.",
    sources: ["https://docs.claude.com/en/docs/build-with-claude/extended-thinking"],
  },
  "thinking-not-last": {
    dialects: ANTHROPIC,
    says: "A message of the model does not end with thinking.",
    sources: [issue("tailcallhq/forgecode", 2107)],
  },
  "thinking-begins": {
    dialects: ANTHROPIC,
    says: "With `thinking: enabled`, the model's last message begins with thinking where it calls tools.",
    sources: [issue("anomalyco/opencode", 3077), issue("n8n-io/n8n", 22550)],
  },
  "thinking-disabled": {
    dialects: ANTHROPIC,
    says: "Without `thinking`, a last message by the model holds none.",
    sources: [issue("tailcallhq/forgecode", 1853)],
  },
  "thinking-budget": {
    dialects: ANTHROPIC,
    says: "A budget for thinking is at least 1024 tokens and below `max_tokens`.",
    sources: ["https://docs.claude.com/en/docs/build-with-claude/extended-thinking"],
  },
  "cache-marks": {
    dialects: ANTHROPIC,
    says: "At most four `cache_control`, none on thinking.",
    sources: ["https://docs.claude.com/en/docs/build-with-claude/prompt-caching"],
  },
  "reasoning-followed": {
    dialects: RESPONSES,
    says: "A reasoning item is followed by the message or call that it led to.",
    sources: [issue("openai/openai-node", 1567), issue("vercel/ai", 7099)],
  },
  "reasoning-sealed": {
    dialects: RESPONSES,
    says: "With `store: false`, a reasoning item brings its `encrypted_content` and a `summary`.",
    sources: ["https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items"],
  },
  "item-id-form": {
    dialects: RESPONSES,
    says: "The id of an item begins with what its type wants (`msg`, `fc`, `rs`), has at most 64 characters, and occurs once.",
    sources: [issue("openai/codex", 33176), issue("jlcodes99/cockpit-tools", 2090)],
  },
} as const satisfies Record<string, ProviderRule>;

export type RuleName = keyof typeof providerRules;
