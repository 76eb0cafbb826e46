// One script as it is played: which step comes next, and every request that has come.
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson, sendReply } from "./answer.ts";
import { anthropicMessages } from "./dialects/anthropic-messages.ts";
import { objectOf } from "./dialects/dialect.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { openaiChat } from "./dialects/openai-chat.ts";
import { openaiResponses } from "./dialects/openai-responses.ts";
import { isSearch, renderCall } from "./intents.ts";
import type { NamelessCall } from "./intents.ts";
import { violationsOf } from "./provider-rules/checker.ts";
import type {
  ModelRequest,
  RecordedRequest,
  Reply,
  ScriptOptions,
  ScriptStep,
  Step,
  Usage,
} from "./script.ts";

const DIALECTS: readonly Dialect[] = [anthropicMessages, openaiResponses, openaiChat];
/** What an answer is said to have taken where the script does not say. */
const DEFAULT_USAGE: Usage = { input: 1200, output: 64, cached: 800 };
const PAST_THE_END: Step = { text: "The script has ended." };
const MODELS = ["scripted-model"];
/** Requests that harnesses make beside the conversation: they are answered, and use up no step. */
const SIDE_REQUEST =
  /title generator|generate a (short |concise |brief )*title|write a (\d+-\d+ word )?title/i;

/** Numbers replies and calls over all scripts, since an agent may carry ids from one conversation to another. */
let nextId = 1;

export class PlayedScript {
  /** For Anthropic's clients, which add `/v1` themselves. */
  readonly anthropicBaseUrl: string;
  /** For OpenAI's clients: with `/v1`. */
  readonly openaiBaseUrl: string;
  readonly requests: RecordedRequest[] = [];
  /** What the script wanted and could not do; empty when all went as written. */
  readonly problems: string[] = [];
  /** Why a real provider would have refused what was asked; the server's `close` fails while there is any. */
  readonly refusals: string[] = [];
  readonly #steps: ScriptStep[];
  readonly #options: ScriptOptions;
  #step = 0;
  #timesPlayed = 0;
  #arrived = Promise.withResolvers<void>();

  constructor(url: string, steps: readonly ScriptStep[], options: ScriptOptions) {
    this.anthropicBaseUrl = url;
    this.openaiBaseUrl = `${url}/v1`;
    this.#steps = [...steps];
    this.#options = options;
  }

  /** Requests for an answer, without the side requests. */
  get asked(): readonly RecordedRequest[] {
    return this.requests.filter(
      (request) => request.asked !== undefined && !isSideRequest(request.asked),
    );
  }

  /** The `count`-th request for an answer (from 1), as soon as it has come. */
  async arrival(count: number): Promise<RecordedRequest> {
    for (;;) {
      const arrived = this.#arrived.promise;
      const request = this.asked[count - 1];
      if (request) return request;
      await arrived;
    }
  }

  /** Lengthens the script. */
  add(...steps: readonly ScriptStep[]): void {
    this.#steps.push(...steps);
  }

  /** Called by the server for each request below this script's URL. */
  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const dialect =
      request.method === "POST" ? DIALECTS.find((each) => each.path === path) : undefined;
    const asked = dialect?.read(objectOf(body));
    const { method = "GET", headers } = request;
    const record: RecordedRequest = {
      method,
      path,
      headers,
      body,
      time: Date.now(),
      step: null,
      state: "open",
      ...(asked && { asked }),
    };
    response.once("close", () => {
      if (record.state === "open") record.state = response.writableFinished ? "done" : "aborted";
    });
    this.requests.push(record);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
    if (!dialect || !asked) return this.#answerOther(path, record, response);
    if (this.#refuse(dialect, record, response)) return;
    const ending = await this.#play(dialect, asked, record, response);
    if (ending === "broken") record.state = "broken";
  }

  /** As a provider does it: 400, with the rule that was broken. */
  #refuse(dialect: Dialect, record: RecordedRequest, response: ServerResponse): boolean {
    const violations = isByVendorsSdk(record) ? violationsOf(dialect.name, record.body) : [];
    if (violations.length === 0) return false;
    const words = violations.map(({ rule, where }) => `${rule} at ${where}`).join("; ");
    this.refusals.push(words);
    record.state = "broken";
    sendJson(response, 400, dialect.errorBody(400, `A provider would refuse this: ${words}`));
    return true;
  }

  #answerOther(path: string, { method }: RecordedRequest, response: ServerResponse): void {
    if (path === "/v1/models" || path.startsWith("/v1/models/"))
      sendJson(response, 200, this.#modelList());
    else if (path === "/v1/messages/count_tokens")
      sendJson(response, 200, { input_tokens: DEFAULT_USAGE.input });
    else if (path === "/api/hello") sendJson(response, 200, { message: "hello" });
    else
      sendJson(response, 404, {
        error: {
          type: "not_found_error",
          message: `The scripted model does not answer ${method} ${path}`,
        },
      });
  }

  #modelList(): unknown {
    const entries = (this.#options.models ?? MODELS).map((id) => ({
      id,
      object: "model",
      type: "model",
      display_name: id,
      created: 0,
      created_at: "2026-01-01T00:00:00Z",
      owned_by: "scripted",
    }));
    return {
      object: "list",
      data: entries,
      has_more: false,
      first_id: entries[0]?.id ?? null,
      last_id: entries.at(-1)?.id ?? null,
    };
  }

  async #play(
    dialect: Dialect,
    asked: ModelRequest,
    record: RecordedRequest,
    response: ServerResponse,
  ): Promise<"done" | "broken"> {
    if (isSideRequest(asked))
      return await sendReply(
        response,
        dialect,
        replyOf({ text: "A title" }, [], asked),
        {},
        asked.stream,
      );
    const { step, calls } = this.#nextStep(asked, record);
    return await sendReply(response, dialect, replyOf(step, calls, asked), step, asked.stream);
  }

  /** Takes the next step that the harness can do, and notes which it was. */
  #nextStep(
    asked: ModelRequest,
    record: RecordedRequest,
  ): { step: Step; calls: readonly NamelessCall[] } {
    for (;;) {
      const scripted = this.#steps[this.#step];
      if (scripted === undefined) return { step: this.#pastTheEnd(), calls: [] };
      const step = typeof scripted === "function" ? scripted(asked) : scripted;
      record.step = this.#step;
      const calls = this.#render(step, asked);
      if (isSearch(calls))
        return { step: {}, calls: calls.filter((call) => call.kind === "search") };
      this.#advance(step);
      const isLeftOut =
        step.calls !== undefined && step.calls.length > 0 && calls.length === 0 && !step.fault;
      if (!isLeftOut) return { step, calls };
      const answer = answerText(step);
      if (answer !== undefined) return { step: { ...step, text: answer }, calls };
    }
  }

  #render(step: Step, asked: ModelRequest): readonly NamelessCall[] {
    try {
      return (step.calls ?? []).flatMap((call) => renderCall(call, asked) ?? []);
    } catch (error) {
      this.problems.push(String(error));
      throw error;
    }
  }

  #advance(step: Step): void {
    if (++this.#timesPlayed < (step.times ?? 1)) return;
    this.#step++;
    this.#timesPlayed = 0;
  }

  #pastTheEnd(): Step {
    if (!this.#options.strict) return PAST_THE_END;
    this.problems.push("A request came after the last step");
    return { fault: { status: 400 } };
  }
}

/** `native` asks with the vendors' SDKs. The other agents have clients of their own, and rules of their own that only their makers know. */
function isByVendorsSdk({ headers }: RecordedRequest): boolean {
  return /^(Anthropic|OpenAI)\/JS /.test(headers["user-agent"] ?? "");
}

function isSideRequest(asked: ModelRequest): boolean {
  return (
    asked.tools.length === 0 &&
    SIDE_REQUEST.test(`${asked.system}\n${asked.userTexts.at(-1) ?? ""}`)
  );
}

function answerText(step: Step): string | undefined {
  const answer = step.calls?.find((call) => "intent" in call && call.intent === "answer");
  return answer && "json" in answer ? JSON.stringify(answer.json) : undefined;
}

function replyOf(step: Step, calls: readonly NamelessCall[], asked: ModelRequest): Reply {
  const id = (prefix: string): string => `${prefix}_${String(nextId++).padStart(8, "0")}`;
  return {
    id: id("scripted"),
    model: asked.model,
    reasoning: step.reasoning ?? "",
    text: step.text ?? "",
    calls: calls.map((call) => ({ ...call, id: call.id ?? id("call") })),
    usage: step.usage ?? DEFAULT_USAGE,
    ...(objectOf(asked.body["usage"])["include"] === true && { costUsd: 0.003 }),
    stop: step.stop,
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
