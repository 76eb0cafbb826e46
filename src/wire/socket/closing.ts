// Closing a socket so that the other side learns why, without waiting for one that no longer listens.
import type { WebSocket } from "ws";
import { CLOSE_CODES, type CloseReason } from "./close-codes.ts";

/** How long the other side may take to answer a close before the socket is cut. */
const CLOSE_GRACE_MS = 1000;
/** What a close frame holds is 123 bytes; a character cut in two may become two bytes longer. */
const MAX_TEXT_BYTES = 120;

export function closeSocket(socket: WebSocket, reason: CloseReason, text: string): void {
  socket.close(
    CLOSE_CODES[reason].code,
    Buffer.from(text).subarray(0, MAX_TEXT_BYTES).toString("utf8"),
  );
  const cut = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
  socket.once("close", () => clearTimeout(cut));
}
