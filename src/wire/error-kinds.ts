// The kinds of refusals and failures, and what each is at every door: a JSON-RPC number, an HTTP status.

/** JSON-RPC's own numbers, and ours from -32000 downwards. */
export const RPC_NUMBERS = {
  parse_error: -32700,
  invalid_request: -32600,
  method_not_found: -32601,
  invalid_input: -32602,
  internal_error: -32603,
  overloaded: -32001,
  unauthorized: -32002,
  not_found: -32003,
  conflict: -32004,
  /** Understood, but it cannot be done as things stand. */
  refused: -32005,
  cancelled: -32006,
  shutting_down: -32007,
} as const;

export interface ErrorKind {
  readonly rpc: keyof typeof RPC_NUMBERS;
  readonly status: number;
}

export const ERROR_KINDS = {
  unreadable: { rpc: "parse_error", status: 400 },
  malformed: { rpc: "invalid_request", status: 400 },
  invalid: { rpc: "invalid_input", status: 400 },
  unauthorized: { rpc: "unauthorized", status: 401 },
  forbidden: { rpc: "refused", status: 403 },
  unknown_method: { rpc: "method_not_found", status: 405 },
  wrong_method: { rpc: "refused", status: 405 },
  missing: { rpc: "not_found", status: 404 },
  conflict: { rpc: "conflict", status: 409 },
  outdated: { rpc: "conflict", status: 412 },
  too_large: { rpc: "refused", status: 413 },
  range: { rpc: "refused", status: 416 },
  unprocessable: { rpc: "refused", status: 422 },
  /** How a run ends; of a call only where it asks what a run did. */
  run_failed: { rpc: "refused", status: 422 },
  cancelled: { rpc: "cancelled", status: 499 },
  broken: { rpc: "internal_error", status: 500 },
  upstream: { rpc: "refused", status: 502 },
  too_often: { rpc: "overloaded", status: 429 },
  /** To be tried again later. */
  overloaded: { rpc: "overloaded", status: 503 },
  ending: { rpc: "shutting_down", status: 503 },
  too_slow: { rpc: "refused", status: 504 },
  disk_full: { rpc: "refused", status: 507 },
} as const satisfies Record<string, ErrorKind>;
export type ErrorKindName = keyof typeof ERROR_KINDS;
