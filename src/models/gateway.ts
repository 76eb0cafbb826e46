// The model gateway: agents ask it on loopback with a token of ours, and it asks the model's server with the real key.
import { createServer, request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { ModelAccess } from "../../harnesses/providers.ts";
import type { Log } from "../log.ts";
import { Grants, type AskingRun, type Grant } from "./grants.ts";
import { UsageMeter } from "./usage-meter.ts";

/** Headers that belong to one connection, or that the gateway sets itself. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "authorization",
  "x-api-key",
  "accept-encoding",
]);
const KEEP_ALIVE_MS = 60_000;
const LONGEST_WAIT_S = 30;

export class ModelGateway {
  readonly #grants = new Grants();
  readonly #log: Log;
  readonly #server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => void this.#answer(request, response));
  /** How often in a row a run's model was too busy. */
  readonly #refusals = new WeakMap<AskingRun, number>();
  #port = 0;

  private constructor(log: Log) {
    this.#log = log;
    this.#server.requestTimeout = 0; // a prompt with large images may take its time
  }

  static async start(log: Log): Promise<ModelGateway> {
    const gateway = new ModelGateway(log);
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

  endRun(sessionId: string): void {
    this.#grants.end(sessionId);
  }

  /** The same model by way of the gateway: its address and a token in place of the server's and the key. */
  accessFor(sessionId: string, upstream: ModelAccess): ModelAccess {
    const { token } = this.#grants.issue(sessionId, upstream);
    return { ...upstream, baseUrl: `http://127.0.0.1:${this.#port}/${upstream.provider}`, apiKey: token };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** A server that is too busy and does not say for how long: some agents give up at once without that word. */
  #waitFor({ statusCode, headers }: IncomingMessage, run: AskingRun): OutgoingHttpHeaders {
    if (statusCode !== 429) {
      this.#refusals.delete(run);
      return {};
    }
    const refusals = (this.#refusals.get(run) ?? 0) + 1;
    this.#refusals.set(run, refusals);
    return headers["retry-after"] === undefined ? { "retry-after": String(Math.min(LONGEST_WAIT_S, 2 ** (refusals - 1))) } : {};
  }

  /** Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = this.#grants.find(tokenOf(request));
    if (!found) return refuse(response, 401, "This token is not known to the model gateway");
    const { grant, run } = found;
    if (!run) return refuse(response, 403, "No run of this session is under way");
    const refusal = run.refusal();
    if (refusal !== null) return refuse(response, 403, refusal);
    try {
      await this.#forward(request, response, grant, run);
    } catch (error) {
      this.#log.debug({ err: error, runId: run.runId }, "a request to a model broke off");
      if (response.headersSent) response.destroy();
      else refuse(response, 502, `The model's server at ${new URL(grant.upstream.baseUrl).host} could not be reached: ${reasonOf(error)}`);
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse, { upstream }: Grant, run: AskingRun): Promise<void> {
    const answer = await ask(request, response, upstream);
    response.writeHead(answer.statusCode ?? 502, { ...keptHeaders(answer), ...this.#waitFor(answer, run) });
    const meter = new UsageMeter(answer.headers["content-type"] ?? "");
    answer.on("data", (bytes: Buffer) => meter.read(bytes));
    try {
      await pipeline(answer, response);
    } finally {
      const use = meter.end();
      if (use) run.onUse(use);
    }
  }
}

/** Sends the request on with the real key, and resolves when the server's answer begins. */
function ask(request: IncomingMessage, response: ServerResponse, upstream: ModelAccess): Promise<IncomingMessage> {
  const url = new URL(upstream.baseUrl.replace(/\/$/, "") + (request.url ?? "").replace(/^\/[^/?]*/, ""));
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const headers: OutgoingHttpHeaders = { ...keptHeaders(request), "accept-encoding": "identity", ...credential(upstream) };
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { method: request.method ?? "POST", headers }, resolve);
    outgoing.once("error", reject);
    response.once("close", () => outgoing.destroy());
    pipeline(request, outgoing).catch(reject);
  });
}

function credential({ dialect, apiKey }: ModelAccess): OutgoingHttpHeaders {
  return dialect === "anthropic-messages" ? { "x-api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
}

function keptHeaders({ headers }: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_FORWARDED.has(name)));
}

function tokenOf({ headers }: IncomingMessage): string {
  const key = headers["x-api-key"];
  return typeof key === "string" ? key : (headers.authorization ?? "").replace(/^Bearer /i, "");
}

/** In a form that the clients of all dialects read. */
function refuse(response: ServerResponse, status: number, message: string): void {
  const type = status === 502 ? "api_error" : "permission_error";
  response
    .writeHead(status, { "content-type": "application/json" })
    .end(JSON.stringify({ type: "error", error: { type, code: type, message } }));
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
