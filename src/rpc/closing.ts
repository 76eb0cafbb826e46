// Closing a socket so that the other side learns why, without waiting for one that no longer listens.
import type { WebSocket } from "ws";
import { CLOSE_CODES, type CloseReason } from "./errors.ts";

/** How long the other side may take to answer a close before the socket is cut. */
const CLOSE_GRACE_MS = 1000;

export function closeSocket(socket: WebSocket, reason: CloseReason, text: string): void {
  socket.close(CLOSE_CODES[reason].code, text);
  const cut = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
  socket.once("close", () => clearTimeout(cut));
}
