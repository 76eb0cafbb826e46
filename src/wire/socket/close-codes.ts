// Why a socket was closed, and whether connecting again can help.

/** A client connects again when `retry` says so, and only then. */
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
