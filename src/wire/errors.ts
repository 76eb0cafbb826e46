// The numbers of the wire: JSON-RPC's own, ours below -32000, and the close codes of the socket. Listed here and nowhere else.

export const RPC_CODES = {
  parse_error: -32700,
  invalid_request: -32600,
  method_not_found: -32601,
  invalid_params: -32602,
  internal_error: -32603,
  /** A tool's answer that says no; `data.code` has the tool's own word. */
  tool_failed: -32000,
  overloaded: -32001,
  unauthorized: -32002,
  not_found: -32003,
  conflict: -32004,
  /** The call is understood, but cannot be done as things stand. */
  refused: -32005,
  cancelled: -32006,
  shutting_down: -32007,
} as const;
export type RpcErrorName = keyof typeof RPC_CODES;

/** An answer that says no on the wire. `data.code` is a snake_case word that programs may test. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly number: number;
  readonly data: { readonly code: string } & Readonly<Record<string, unknown>>;

  constructor(
    kind: RpcErrorName,
    message: string,
    data?: Record<string, unknown> & { code?: string },
  ) {
    super(message);
    this.number = RPC_CODES[kind];
    this.data = { code: kind, ...data };
  }
}

/** Why a socket was closed. A client retries when `retry` says so, and only then. */
export const CLOSE_CODES = {
  going_away: { code: 1001, retry: true },
  frame_too_large: { code: 1009, retry: false },
  internal_error: { code: 1011, retry: true },
  unauthorized: { code: 4401, retry: false },
  origin_refused: { code: 4403, retry: false },
  heartbeat_missed: { code: 4408, retry: true },
  too_many_connections: { code: 4429, retry: true },
} as const satisfies Record<string, { code: number; retry: boolean }>;
export type CloseReason = keyof typeof CLOSE_CODES;

/** Closes of RFC 6455 that say that we speak wrongly, which we would again. */
const FATAL_CLOSES: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1010]);

/** Whether connecting again can help after a close with this code. What is unknown in 4400–4499 is taken for a refusal, as in HTTP. */
export function mayRetry(closeCode: number): boolean {
  const known = Object.values(CLOSE_CODES).find(({ code }) => code === closeCode);
  return known?.retry ?? !(FATAL_CLOSES.has(closeCode) || (closeCode >= 4400 && closeCode < 4500));
}
