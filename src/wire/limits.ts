// How much the socket takes: what is fixed. `daemon_info` tells what a setting decides.

export const WIRE_LIMITS = {
  /** Messages in one JSON-RPC batch. */
  batchMessages: 100,
  /** Lists and objects inside one another. What follows them by recursion, such as a schema's compiler, would run out of stack. */
  nesting: 200,
  /** Of a call's id that is text. */
  idCharacters: 200,
  /** Calls of one connection that may be under way at once; more are answered `overloaded`. */
  callsInFlight: 256,
  /** Subscriptions that one connection may hold. */
  subscriptions: 64,
  /** Streams (`stream_open`) that one connection may hold. */
  streams: 16,
  /** Of one answer; a larger one is refused as `answer_too_large`. */
  answerCharacters: 64 * 1024 * 1024,
  /** Sockets that have shown no token yet; few, since anyone can open one. */
  unauthenticatedSockets: 32,
  /** How long a client may take to send its `auth` frame. */
  authDeadlineMs: 10_000,
} as const;

/** Where the daemon takes WebSockets. */
export const WEBSOCKET_PATHS: readonly string[] = ["/", "/ws"];
