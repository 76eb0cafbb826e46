// Who may come in: the bearer token in constant time, the browser's origin, the name a request was sent to.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/** Compares in a time that says nothing about the token: both are hashed to one length first. */
export function tokenMatches(given: string, expected: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The token of `Authorization: Bearer …`, or undefined. */
export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** True for the addresses and names that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (isIP(name) === 4) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || name.endsWith(".localhost");
}

/** Browsers always send Origin on WebSockets and cross-site requests; other clients do not. */
export function originIsAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin } = request.headers;
  return origin === undefined || allowed.includes(origin);
}

/** Without a token, a page whose name was rebound to loopback must not get in: it still says its own name here. */
export function wasSentToLoopback(request: IncomingMessage): boolean {
  const host = request.headers.host ?? "";
  return isLoopback(host.replace(/:\d+$/, ""));
}
