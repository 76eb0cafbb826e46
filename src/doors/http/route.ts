// One HTTP route of the daemon: matched by method and exact path, given the request after it was authenticated.
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Route {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly path: `/${string}`;
  /** True for a probe, which is answered without a token. */
  readonly isPublic?: boolean;
  /** Throws CodedError for what the caller can act on: answered as JSON `{error: {code, message, data?}}` with a fitting status. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
