// Which run hears what of the shared server: its own thread, and the threads of the sub-agents that its turns bring about.
import { Channel } from "./channel.ts";
import type { ThreadMessage } from "./protocol.ts";
import { notifications } from "./protocol.ts";

/** Of one thread; there are two for each MCP server. */
const MAX_EARLY = 500;

export class Routes {
  readonly #byThread = new Map<string, Channel>();
  /** A sub-agent's first turn names the turn that began it all. */
  readonly #byRootTurn = new Map<string, Channel>();
  /** What was said of threads that nobody knows yet, while one is being opened. */
  readonly #early = new Map<string, ThreadMessage[]>();
  #openings = 0;

  /** From here until it is disposed of, what is said of unknown threads is kept for whoever opens them: the answer that names a thread may come later. */
  expectThread(): Disposable {
    this.#openings++;
    return {
      [Symbol.dispose]: () => {
        if (--this.#openings === 0) this.#early.clear();
      },
    };
  }

  /** The channel of a thread that has been started, resumed or forked. */
  open(threadId: string): Channel {
    const channel = this.#byThread.get(threadId) ?? new Channel();
    this.#byThread.set(threadId, channel);
    for (const message of this.#early.get(threadId) ?? []) void channel.push(message);
    this.#early.delete(threadId);
    return channel;
  }

  /** Keeps a message that has nowhere to go, when its thread may be about to be opened. */
  keep(message: ThreadMessage): void {
    if (this.#openings === 0) return;
    const threadId = String(message.params["threadId"]);
    const kept = this.#early.get(threadId) ?? [];
    if (kept.length < MAX_EARLY) this.#early.set(threadId, [...kept, message]);
  }

  /** Where a message goes; undefined when no run holds its thread. */
  find(message: ThreadMessage): Channel | undefined {
    const channel = this.#byThread.get(String(message.params["threadId"]));
    return message.method === "turn/started" ? this.#ofNewTurn(message.params, channel) : channel;
  }

  /** The threads that a channel hears of, the run's own first. */
  threadsOf(channel: Channel): string[] {
    return [...this.#byThread].flatMap(([threadId, each]) => (each === channel ? [threadId] : []));
  }

  /** Nobody reads this channel any more. */
  close(channel: Channel): void {
    for (const routes of [this.#byThread, this.#byRootTurn]) {
      for (const [id, each] of routes) if (each === channel) routes.delete(id);
    }
    channel.close();
  }

  fail(failure: Error): void {
    for (const channel of this.#byThread.values()) channel.fail(failure);
  }

  #ofNewTurn(params: unknown, known: Channel | undefined): Channel | undefined {
    const started = notifications["turn/started"].safeParse(params);
    if (!started.success) return known;
    const { threadId, turn } = started.data;
    const channel = known ?? this.#byRootTurn.get(turn.rootTurnId ?? turn.id);
    if (!channel) return undefined;
    this.#byThread.set(threadId, channel);
    this.#byRootTurn.set(turn.id, channel);
    return channel;
  }
}
