// One HTTP route of the daemon: matched by method and exact path, given the request after it was authenticated.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type HttpOperation, type HttpOperationName, httpOperations } from "../../wire/http.ts";

export interface Route {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly path: `/${string}`;
  /** True for a probe, which is answered without a token. */
  readonly isPublic?: boolean;
  /** Throws CodedError for what the caller can act on: answered as JSON `{error: {code, message, data?}}` with a fitting status. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

/** The handler of an operation that src/wire/http.ts declares. */
export function route(name: HttpOperationName, handle: Route["handle"]): Route {
  const [method, path] = name.split(" ") as [Route["method"], Route["path"]];
  const operation: HttpOperation = httpOperations[name];
  return { method, path, isPublic: operation.isPublic === true, handle };
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
