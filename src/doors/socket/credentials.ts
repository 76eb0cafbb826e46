// Who may come in: the bearer token in constant time, the browser's origin, the name a request was sent to.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { CodedError } from "../../../tools/coded-error.ts";

/** Compares in a time that says nothing about the token: both are hashed to one length first. */
export function tokenMatches(given: string, expected: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The token of `Authorization: Bearer …`, or undefined. */
function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** True for the addresses and names that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIP(name) === 4) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || name.endsWith(".localhost");
}

/** Browsers always send Origin on WebSockets and cross-site requests; other clients do not. */
function originIsAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin } = request.headers;
  return origin === undefined || allowed.includes(origin);
}

/** Without a token, a page whose name was rebound to loopback must not get in: it still says its own name here. */
function wasSentToLoopback(request: IncomingMessage): boolean {
  const host = request.headers.host ?? "";
  return isLoopback(host.replace(/:\d+$/, ""));
}

export interface Credentials {
  /** Absent: loopback only. */
  readonly token?: string | undefined;
  readonly allowedOrigins?: readonly string[] | undefined;
}

/** Why a request is turned away before it is looked at; undefined lets it in. */
export function refusalOf(
  request: IncomingMessage,
  { token, allowedOrigins = [] }: Credentials,
): CodedError | undefined {
  if (!originIsAllowed(request, allowedOrigins)) {
    const message = `The origin ${request.headers.origin} is not among those that --allow-origin lists`;
    return new CodedError("origin_refused", message);
  }
  if (token === undefined) {
    if (wasSentToLoopback(request)) return undefined;
    const message =
      "Without a token the daemon answers only requests to localhost or a loopback address";
    return new CodedError("host_refused", message);
  }
  const given = bearerOf(request);
  if (given !== undefined && tokenMatches(given, token)) return undefined;
  return new CodedError("unauthorized", "A valid token is needed: Authorization: Bearer …");
}
