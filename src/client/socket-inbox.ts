// Sockets that a daemon opened to this host, handed to a link one after the other.
import type { WebSocket } from "ws";

export class SocketInbox {
  #current: WebSocket;
  #waiting: WebSocket | undefined;
  #wake: (() => void) | undefined;

  /** A socket is paused until its reader is there, so that nothing is lost. */
  constructor(first: WebSocket) {
    this.#current = first;
    this.give(first);
  }

  /** The daemon has dialled again: whatever line there was is dead, even if that was not seen yet. */
  give(socket: WebSocket): void {
    socket.pause();
    if (this.#current !== socket) this.#current.terminate();
    this.#current = socket;
    this.#waiting = socket;
    this.#wake?.();
  }

  /** Resolves with the next socket given; rejects when the signal aborts. */
  async next(signal: AbortSignal): Promise<WebSocket> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        const socket = this.#waiting;
        this.#waiting = undefined;
        if (socket?.readyState === socket?.OPEN && socket !== undefined) return socket;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
