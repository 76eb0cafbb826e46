// The line to the models' servers: where a request goes, by which proxy, with which credential, and how long a connection may take.
import {
  Agent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import type { Agent as SecureAgent } from "node:https";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ModelAccess } from "../../harnesses/providers.ts";
import type { AskedModel } from "./asked-model.ts";

type Environment = Readonly<Record<string, string>>;

const CONNECT_TIMEOUT_MS = 20_000;
/** A kept connection that the server closes as we use it is a failed request: not for longer than servers commonly keep theirs. */
const KEPT_OPEN = { keepAlive: true, timeout: 30_000, maxFreeSockets: 32 };

/** Headers that belong to one connection, or that the gateway sets itself. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "authorization",
  "x-api-key",
  "accept-encoding",
]);

export class Upstream {
  readonly #proxyEnv: Environment;
  readonly #direct = new Agent(KEPT_OPEN);
  readonly #plain: Agent;
  #secure: Promise<{ request: typeof requestHttp; agent: SecureAgent }> | undefined;

  /** Proxies are those that HTTP_PROXY, HTTPS_PROXY and NO_PROXY in `proxyEnv` name; none for loopback. */
  constructor(proxyEnv: Environment) {
    this.#proxyEnv = proxyEnv;
    this.#plain = new Agent({ ...KEPT_OPEN, proxyEnv });
  }

  /** Sends the request on with the real key; resolves when the server's answer begins. Aborting ends it, and the answer with it. */
  async ask(
    request: IncomingMessage,
    path: string,
    access: ModelAccess,
    { signal, asked }: { signal: AbortSignal; asked: AskedModel },
  ): Promise<IncomingMessage> {
    const url = new URL(access.baseUrl.replace(/\/+$/, "") + path);
    const headers = {
      ...keptHeaders(request),
      "accept-encoding": "identity",
      ...credential(access),
    };
    const outgoing = await this.#open(url, { method: request.method ?? "POST", headers, signal });
    return await new Promise<IncomingMessage>((resolve, reject) => {
      limitConnecting(outgoing, url.protocol === "https:");
      outgoing.once("response", resolve);
      outgoing.on("error", (error) => {
        // The rest is read and dropped: the asker could not hear our answer while it still writes.
        request.unpipe(outgoing);
        request.resume();
        reject(error);
      });
      request.on("data", (bytes: Buffer) => asked.read(bytes));
      request.pipe(outgoing);
    });
  }

  close(): void {
    this.#direct.destroy();
    this.#plain.destroy();
    void this.#secure?.then(({ agent }) => agent.destroy());
  }

  async #open(
    url: URL,
    options: { method: string; headers: OutgoingHttpHeaders; signal: AbortSignal },
  ): Promise<ClientRequest> {
    if (url.protocol !== "https:")
      return requestHttp(url, {
        ...options,
        agent: isLoopback(url.hostname) ? this.#direct : this.#plain,
      });
    // TLS is loaded when it is first needed, not at the daemon's start.
    this.#secure ??= import("node:https").then((https) => ({
      request: https.request,
      agent: new https.Agent({ ...KEPT_OPEN, proxyEnv: this.#proxyEnv }),
    }));
    const { request, agent } = await this.#secure;
    return request(url, { ...options, agent });
  }
}

/** The headers of a message that go on to the next. */
export function keptHeaders({ headers }: IncomingMessage): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_FORWARDED.has(name)));
}

/** Anthropic itself has a header of its own; everybody else takes a bearer token, in Anthropic's dialect too. */
function credential({ provider, apiKey }: ModelAccess): OutgoingHttpHeaders {
  return provider === "anthropic" ? { "x-api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    (isIP(hostname) === 4 && hostname.startsWith("127."))
  );
}

/** A server that drops packets in silence would hold an agent for minutes. */
function limitConnecting(outgoing: ClientRequest, isSecure: boolean): void {
  const late = (): unknown =>
    outgoing.destroy(Object.assign(new Error("connecting took too long"), { code: "ETIMEDOUT" }));
  const timer = setTimeout(late, CONNECT_TIMEOUT_MS).unref();
  const isThere = (): void => clearTimeout(timer);
  outgoing.once("close", isThere).once("response", isThere);
  outgoing.once("socket", (socket) => {
    if (outgoing.reusedSocket) isThere();
    else if (isSecure && !(socket as TLSSocket).authorized) socket.once("secureConnect", isThere);
    else if (socket.connecting) socket.once("connect", isThere);
    else isThere();
  });
}
