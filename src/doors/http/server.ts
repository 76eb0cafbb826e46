// The HTTP server beside the socket: finds the route, turns away who may not come in, and makes answers of failures.
import { randomBytes } from "node:crypto";
import {
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import { ToolError } from "../../../tools/tool.ts";
import type { Log } from "../../life/log.ts";
import { answerJson, type Route } from "./route.ts";

export interface HttpRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface HttpOptions {
  readonly routes: readonly Route[];
  /** Why a request may not come in; not asked for public routes. */
  readonly refuse: (request: IncomingMessage) => HttpRefusal | undefined;
  readonly log: Log;
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  unauthorized: 401,
  permission_denied: 403,
  path_not_allowed: 403,
  not_found: 404,
  gone: 410,
  conflict: 409,
  is_a_directory: 409,
  not_a_directory: 409,
  busy: 409,
  version_conflict: 412,
  too_large: 413,
  cancelled: 499,
  overloaded: 503,
  disk_full: 507,
};
const STATUS_OF_SUFFIX: readonly (readonly [RegExp, number])[] = [
  [/not_found$/, 404],
  [/_not_allowed$/, 403],
  [/exists$/, 409],
  [/too_large$/, 413],
  [/^(invalid|missing|unknown)_/, 400],
];
/** An answer that says no, of a kind that HTTP has no word for. */
const UNPROCESSABLE = 422;

export function serveHttp(options: HttpOptions): RequestListener {
  return (request, response) => void answer(request, response, options);
}

/** The target of a request, or null when it is no path. */
export function urlOf(request: IncomingMessage): URL | null {
  return URL.parse(`http://box${request.url ?? "/"}`);
}

/** Turns an upgrade away with the same JSON that a request would get. */
export function refuseUpgrade(stream: Duplex, { status, code, message }: HttpRefusal): void {
  const body = JSON.stringify({ error: { code, message } });
  stream.once("finish", () => stream.destroy());
  const challenge = status === 401 ? "www-authenticate: Bearer\r\n" : "";
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nconnection: close\r\ncontent-type: application/json\r\n${challenge}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Never rejects. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, refuse, log }: HttpOptions,
): Promise<void> {
  try {
    const url = urlOf(request);
    if (url === null)
      return fail(request, response, 400, {
        code: "invalid_url",
        message: "The request's target must be a path",
      });
    const atPath = routes.filter((route) => route.path === url.pathname);
    const route =
      atPath.find((each) => each.method === request.method) ??
      atPath.find((each) => each.method === "GET" && request.method === "HEAD");
    const refused = route?.isPublic === true ? undefined : refuse(request);
    if (refused !== undefined) return fail(request, response, refused.status, refused);
    if (route !== undefined) return await route.handle(request, response, url);
    if (atPath.length === 0)
      return fail(request, response, 404, {
        code: "not_found",
        message: `Nothing is served at ${url.pathname}`,
      });
    response.setHeader("allow", atPath.map((each) => each.method).join(", "));
    fail(request, response, 405, {
      code: "method_not_allowed",
      message: `${url.pathname} does not take ${request.method}`,
    });
  } catch (error) {
    answerFailure(request, response, error, log);
  }
}

function answerFailure(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  log: Log,
): void {
  // Half an answer must not look like a whole one.
  if (response.headersSent) {
    if (!(error instanceof ToolError))
      log.error({ err: error, path: request.url }, "A request failed after its answer had begun");
    response.destroy();
    return;
  }
  if (error instanceof ToolError)
    return fail(request, response, statusOf(error.code), {
      code: error.code,
      message: error.message,
      data: error.data,
    });
  const errorId = `err_${randomBytes(8).toString("hex")}`;
  log.error({ err: error, errorId, path: request.url }, "A request failed inside the daemon");
  fail(request, response, 500, {
    code: "internal_error",
    message: `The daemon failed inside; its log has the cause under ${errorId}`,
    data: { errorId },
  });
}

function fail(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: { code: string; message: string; data?: unknown },
): void {
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  // A body that nobody read would be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  const { code, message, data } = error;
  answerJson(response, status, { error: { code, message, ...(data !== undefined && { data }) } });
}

function statusOf(code: string): number {
  return (
    STATUS_OF_CODE[code] ??
    STATUS_OF_SUFFIX.find(([pattern]) => pattern.test(code))?.[1] ??
    UNPROCESSABLE
  );
}
