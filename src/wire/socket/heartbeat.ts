// Finds out that the other side is gone although its socket still stands.
import type { WebSocket } from "ws";
import { closeSocket } from "./closing.ts";

export const DEFAULT_HEARTBEAT_MS = 15_000;
/** Silent intervals after which the other side is taken for dead. */
export const MISSED_BEATS = 2;
/** The same while it leaves what we sent unread: our pings wait behind that, so silence says less. */
const STALLED_BEATS = 8;

/** Pings every `intervalMs`; whatever arrives counts as life. Stops by itself when the socket closes. */
export function keepAlive(socket: WebSocket, intervalMs: number): void {
  let missed = 0;
  const hear = (): void => {
    missed = 0;
  };
  const beat = (): void => {
    const limit = socket.bufferedAmount > 0 ? STALLED_BEATS : MISSED_BEATS;
    if (missed >= limit) {
      clearInterval(timer);
      closeSocket(socket, "heartbeat_missed", `Nothing heard for ${missed * intervalMs} ms`);
      return;
    }
    missed++;
    socket.ping();
  };
  const timer = setInterval(beat, intervalMs);
  timer.unref();
  for (const sign of ["message", "ping", "pong"]) socket.on(sign, hear);
  socket.once("close", () => clearInterval(timer));
}
