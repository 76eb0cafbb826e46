// Keeps calls back while as many are under way as the daemon takes, and sends them in their order.
import { WIRE_LIMITS } from "../wire/limits.ts";

export class CallQueue {
  readonly #send: (frame: string) => void;
  /** Sent and not answered, also where the caller has given up: the daemon still counts them. */
  readonly #underWay = new Set<number>();
  readonly #waiting = new Map<number, string>();

  constructor(send: (frame: string) => void) {
    this.#send = send;
  }

  add(id: number, frame: string): void {
    this.#waiting.set(id, frame);
    this.#sendNext();
  }

  /** True when the call had been sent. */
  wasSent(id: number): boolean {
    return this.#underWay.has(id);
  }

  /** True when it was still here, so that the daemon never hears of it. */
  withdraw(id: number): boolean {
    return this.#waiting.delete(id);
  }

  answered(id: number): void {
    this.#underWay.delete(id);
    this.#sendNext();
  }

  #sendNext(): void {
    for (const [id, frame] of this.#waiting) {
      if (this.#underWay.size >= WIRE_LIMITS.callsInFlight) return;
      this.#waiting.delete(id);
      this.#underWay.add(id);
      this.#send(frame);
    }
  }
}
