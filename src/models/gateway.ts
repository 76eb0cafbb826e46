// The model gateway: agents ask it on loopback with a token of ours, and it asks the model's server with the real key.
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { ModelAccess } from "../../harnesses/providers.ts";
import type { RunError } from "../wire/events.ts";
import type { Log } from "../log/log.ts";
import { AskedModel } from "./asked-model.ts";
import { Grants, type AskingRun } from "./grants.ts";
import { brokenOff, refusedBy, refusedByModel, unreachable } from "./upstream-failure.ts";
import { keptHeaders, Upstream } from "./upstream.ts";
import { UsageMeter } from "./usage-meter.ts";

const KEEP_ALIVE_MS = 60_000;
const MAX_CONNECTIONS = 1024;
const LONGEST_WAIT_S = 30;

/** All that a token opens: what else an account with a provider holds (files, batches, settings) is no agent's business. */
const ASKING = /^(?:\/v1)?\/(?:messages|responses|responses\/compact|chat\/completions)$/;
const OFFERED = {
  POST: /^(?:\/v1)?\/(?:messages\/count_tokens|responses\/input_tokens)$/,
  GET: /^(?:\/v1)?\/models(?:\/[\w.:@/-]+)?$/,
};

/** What a request is about, once it is known to be allowed. */
interface Question {
  readonly path: string;
  /** True when a model is asked, and not only what there is to be had. */
  readonly isAsking: boolean;
  readonly upstream: ModelAccess;
  readonly run: AskingRun;
}

export interface GatewayOptions {
  readonly log: Log;
  /** Where HTTP_PROXY and its like are looked up. */
  readonly proxyEnv: Readonly<Record<string, string>>;
}

export class ModelGateway {
  readonly #grants = new Grants();
  readonly #log: Log;
  readonly #upstream: Upstream;
  readonly #server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => void this.#answer(request, response),
  );
  /** For each answer that a run is getting: puts what it has taken so far on the run's account, once. */
  readonly #accounts = new WeakMap<AskingRun, Set<() => void>>();
  /** How often in a row a run's model was too busy. */
  readonly #refusals = new WeakMap<AskingRun, number>();
  #port = 0;

  private constructor({ log, proxyEnv }: GatewayOptions) {
    this.#log = log;
    this.#upstream = new Upstream(proxyEnv);
    this.#server.requestTimeout = 0; // a prompt with large images may take its time
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  static async start(options: GatewayOptions): Promise<ModelGateway> {
    const gateway = new ModelGateway(options);
    await new Promise<void>((resolve, reject) => {
      gateway.#server.once("error", reject);
      gateway.#server.listen({ host: "127.0.0.1", port: 0 }, resolve);
    });
    gateway.#port = (gateway.#server.address() as AddressInfo).port;
    gateway.#server.unref();
    return gateway;
  }

  /** Until `endRun` the session's agents may ask, on account of this run. */
  beginRun(sessionId: string, run: AskingRun): void {
    this.#grants.begin(sessionId, run);
  }

  /** What has come of answers that are still under way is on the run's account when this returns. */
  endRun(sessionId: string): void {
    const run = this.#grants.end(sessionId);
    if (run) for (const settle of this.#accounts.get(run) ?? []) settle();
  }

  /** The same model by way of the gateway: its address and a token in place of the server's and the key. */
  accessFor(sessionId: string, upstream: ModelAccess): ModelAccess {
    const apiKey = this.#grants.issue(sessionId, upstream);
    return { ...upstream, baseUrl: `http://127.0.0.1:${this.#port}/${upstream.provider}`, apiKey };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#upstream.close();
    await closed;
  }

  /** Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = await this.#admit(request, response);
    if (!question || response.destroyed) return;
    const { upstream, run, isAsking } = question;
    const left = new AbortController();
    // Closed neither at the end nor by an error of the server's: by the agent.
    response.once(
      "close",
      () => void (response.writableFinished || response.errored || left.abort()),
    );
    try {
      await this.#forward(request, response, question, left.signal);
    } catch (error) {
      if (left.signal.aborted) return; // the agent has gone, and nobody failed
      const failure = unreachable(new URL(upstream.baseUrl).host, error);
      this.#log.warn(
        { err: error, runId: run.runId, ...failure.data },
        "a model's server could not be reached",
      );
      if (isAsking) run.onAnswer(failure, true);
      refuse(response, 502, "api_error", "upstream_unreachable", failure.message);
    }
  }

  /** Answers itself, and null, where the request is not to go on. */
  async #admit(request: IncomingMessage, response: ServerResponse): Promise<Question | null> {
    const deny = (status: number, type: string, code: string, message: string): null => {
      request.resume();
      refuse(response, status, type, code, message);
      return null;
    };
    const found = this.#grants.find(tokenOf(request));
    if (!found)
      return deny(
        401,
        "authentication_error",
        "unknown_token",
        "This token is not known to the model gateway",
      );
    const { grant, run } = found;
    if (!run) return deny(403, "permission_error", "no_run", "No run of this session is under way");
    const refusal = await run.refusal();
    if (refusal !== null) return deny(403, "permission_error", "run_over", refusal);
    const path = pathBelow(`/${grant.upstream.provider}`, request.url ?? "");
    const isAsking = request.method === "POST" && ASKING.test(path?.pathname ?? "");
    const isOffered = isAsking || OFFERED[request.method as "GET"]?.test(path?.pathname ?? "");
    if (path && isOffered)
      return { path: path.pathname + path.search, isAsking, upstream: grant.upstream, run };
    return deny(
      404,
      "not_found_error",
      "not_offered",
      `The model gateway does not offer ${request.method} ${request.url?.slice(0, 200)}`,
    );
  }

  /** Rejects when the server was not reached. */
  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    { path, upstream, run, isAsking }: Question,
    left: AbortSignal,
  ): Promise<void> {
    const asked = new AskedModel();
    const answer = await this.#upstream.ask(request, path, upstream, { signal: left, asked });
    const meter = new UsageMeter(answer.headers["content-type"] ?? "");
    const settle = this.#openAccount(run, meter, upstream);
    const conclude = (isWhole: boolean): void => {
      settle();
      const isOwn = (asked.name ?? upstream.model) === upstream.model;
      if (isAsking && !left.aborted)
        run.onAnswer(failureOf(answer, isWhole, meter, upstream), isOwn);
    };
    // Before the agent can hear of the end: what it does then must find the account up to date.
    answer.once("end", () => conclude(true));
    answer.once("error", () => conclude(false));
    if (isAsking) await run.onReady();
    response.writeHead(answer.statusCode ?? 502, {
      ...keptHeaders(answer),
      ...this.#waitFor(answer, run),
    });
    response.flushHeaders(); // the first of the body may be long in coming
    const passedOn = pipeline(answer, response);
    answer.on("data", (bytes: Buffer) => meter.read(bytes)); // after the agent has got them
    await passedOn.catch(() => {});
  }

  #openAccount(run: AskingRun, meter: UsageMeter, { provider, model }: ModelAccess): () => void {
    const accounts = this.#accounts.get(run) ?? new Set();
    this.#accounts.set(run, accounts);
    const settle = (): void => {
      if (!accounts.delete(settle)) return;
      const use = meter.end();
      if (use) run.onUse({ ...use, model: `${provider}/${use.model ?? model}` });
    };
    accounts.add(settle);
    return settle;
  }

  /** A server that is too busy and does not say for how long (nothing, empty, zero): some agents give up at once, or ask on without a pause. */
  #waitFor({ statusCode, headers }: IncomingMessage, run: AskingRun): OutgoingHttpHeaders {
    if (statusCode !== 429) {
      this.#refusals.delete(run);
      return {};
    }
    const refusals = (this.#refusals.get(run) ?? 0) + 1;
    this.#refusals.set(run, refusals);
    const given = headers["retry-after"];
    return given === undefined || Number(given) === 0
      ? { "retry-after": String(Math.min(LONGEST_WAIT_S, 2 ** (refusals - 1))) }
      : {};
  }
}

/** How an answer went wrong; null when it did not. */
function failureOf(
  { statusCode = 502 }: IncomingMessage,
  isWhole: boolean,
  { error: reason, refusal }: UsageMeter,
  { baseUrl }: ModelAccess,
): RunError | null {
  const { host } = new URL(baseUrl);
  if (statusCode >= 400) return refusedBy(host, statusCode, reason);
  if (!isWhole || reason !== null) return brokenOff(host, reason);
  return refusal === null ? null : refusedByModel(refusal);
}

/** What follows the prefix, with nothing in it that leads out again; null for any other address. */
function pathBelow(prefix: string, url: string): URL | null {
  if (!url.startsWith(`${prefix}/`)) return null;
  return URL.parse(url.slice(prefix.length), "http://model.invalid");
}

function tokenOf({ headers }: IncomingMessage): string {
  const key = headers["x-api-key"];
  return typeof key === "string" ? key : (headers.authorization ?? "").replace(/^Bearer /i, "");
}

/** In a form that the clients of all dialects read. */
function refuse(
  response: ServerResponse,
  status: number,
  type: string,
  code: string,
  message: string,
): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ type: "error", error: { type, code, message } }));
}
