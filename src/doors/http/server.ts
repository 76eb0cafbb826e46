// The HTTP server beside the socket: finds the route, turns away who may not come in, and makes answers of failures.
import {
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import { CodedError } from "../../../tools/coded-error.ts";
import type { Log } from "../../log/log.ts";
import { answerableError } from "../failure.ts";
import { httpStatusOf } from "../../wire/error-codes.ts";
import { answerJson, type Route } from "./route.ts";

export interface HttpOptions {
  readonly routes: readonly Route[];
  /** Why a request may not come in; not asked for public routes. */
  readonly refuse: (request: IncomingMessage) => CodedError | undefined;
  readonly log: Log;
}

export function serveHttp(options: HttpOptions): RequestListener {
  return (request, response) => void answer(request, response, options);
}

/** The target of a request, or null when it is no path. */
export function urlOf(request: IncomingMessage): URL | null {
  return URL.parse(`http://box${request.url ?? "/"}`);
}

/** Turns an upgrade away with the same JSON that a request would get. */
export function refuseUpgrade(stream: Duplex, { code, message, data }: CodedError): void {
  const status = httpStatusOf(code);
  const body = JSON.stringify({ error: { code, message, ...(data !== undefined && { data }) } });
  stream.once("finish", () => stream.destroy());
  const headers = Object.entries(headersOf(status, data))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nconnection: close\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Never rejects. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
): Promise<void> {
  try {
    await serve(request, response, options);
  } catch (error) {
    // Half an answer must not look like a whole one.
    const isHalf = response.headersSent;
    const answered = answerableError(error, `${request.method} ${request.url}`, options.log);
    if (isHalf) response.destroy();
    else fail(request, response, answered);
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, refuse }: HttpOptions,
): Promise<void> {
  const url = urlOf(request);
  if (url === null) throw new CodedError("invalid_url", "The request's target must be a path");
  const atPath = routes.filter((route) => route.path === url.pathname);
  const route =
    atPath.find((each) => each.method === request.method) ??
    atPath.find((each) => each.method === "GET" && request.method === "HEAD");
  const refused = route?.isPublic === true ? undefined : refuse(request);
  if (refused !== undefined) throw refused;
  if (route !== undefined) return await route.handle(request, response, url);
  if (atPath.length === 0)
    throw new CodedError("not_found", `Nothing is served at ${url.pathname}`);
  response.setHeader("allow", atPath.map((each) => each.method).join(", "));
  const message = `${url.pathname} does not take ${request.method}`;
  throw new CodedError("method_not_allowed", message);
}

function fail(request: IncomingMessage, response: ServerResponse, error: CodedError): void {
  const { code, message, data } = error;
  const status = httpStatusOf(code);
  for (const [name, value] of Object.entries(headersOf(status, data)))
    response.setHeader(name, value);
  // A body that nobody read would be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  answerJson(response, status, { error: { code, message, ...(data !== undefined && { data }) } });
}

/** What tells a client by header what to do next. */
function headersOf(status: number, data: CodedError["data"]): Record<string, string> {
  const seconds = data?.["retryAfterSeconds"];
  return {
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(typeof seconds === "number" && { "retry-after": String(seconds) }),
  };
}
