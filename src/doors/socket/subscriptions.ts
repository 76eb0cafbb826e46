// The methods that tell a host what happens: each subscription is a cursor that walks the journal at the host's own pace.
import { randomBytes } from "node:crypto";
import type { Batch, Following, Journal } from "../../journal/journal.ts";
import type { Log } from "../../log/log.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import type { Handlers } from "./method-table.ts";
import { RawJson, type Line } from "./method.ts";

/** Of one `events` notification: large enough that framing costs nothing, small enough to be taken in one go. */
const MAX_BATCH_BYTES = 256 * 1024;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

type EventHandlers = Pick<Handlers, Extract<keyof Handlers, `events_${string}`>>;
/** What is needed of the journal. */
export type Feed = Pick<
  Journal,
  "follow" | "read" | "register" | "acknowledge" | "forget" | "committed"
>;
type Subscriptions = Map<string, AbortController>;

/**
 * The `events_*` methods on a journal. A subscription ends with its connection; cursors and acknowledgements do not, and are durable when
 * they are answered.
 */
export function eventHandlers(journal: Feed, log: Log): EventHandlers {
  const held = new WeakMap<Line, Subscriptions>();
  return {
    async events_subscribe({ after, filter, subscriber }, { connection, afterAnswer }) {
      const mine = held.get(connection) ?? new Map<string, AbortController>();
      held.set(connection, mine);
      if (mine.size >= WIRE_LIMITS.subscriptions) {
        throw new CodedError(
          "overloaded",
          `A connection holds at most ${WIRE_LIMITS.subscriptions} subscriptions; unsubscribe from one first`,
        );
      }
      if (subscriber !== undefined) journal.register(subscriber, after ?? undefined);
      const { subscription, signal } = open(mine, connection);
      const following = journal.follow({ after, filter, signal, maxBatchBytes: MAX_BATCH_BYTES });
      if (subscriber !== undefined) await journal.committed();
      afterAnswer(
        () =>
          void deliver(following, subscription, connection, signal, log).finally(() =>
            mine.delete(subscription),
          ),
      );
      return { subscription, cursor: following.cursor, gap: following.gap };
    },
    async events_unsubscribe({ subscription }, { connection }) {
      const controller = held.get(connection)?.get(subscription);
      controller?.abort();
      return { removed: controller !== undefined };
    },
    async events_read({ after, filter, limit }) {
      const { events, ...rest } = journal.read({ after, filter, limit, maxBytes: MAX_PAGE_BYTES });
      return new RawJson(`{"events":[${events.join(",")}],${JSON.stringify(rest).slice(1)}`);
    },
    async events_ack({ subscriber, cursor }) {
      const acknowledged = journal.acknowledge(subscriber, cursor);
      await journal.committed();
      return { acknowledged };
    },
    async events_forget({ subscriber }) {
      const removed = journal.forget(subscriber);
      await journal.committed();
      return { removed };
    },
  };
}

function open(
  mine: Subscriptions,
  connection: Line,
): { subscription: string; signal: AbortSignal } {
  const subscription = `sub_${randomBytes(6).toString("hex")}`;
  const controller = new AbortController();
  mine.set(subscription, controller);
  connection.closed.addEventListener("abort", () => controller.abort(), {
    once: true,
    signal: controller.signal,
  });
  if (connection.closed.aborted) controller.abort();
  return { subscription, signal: controller.signal };
}

async function deliver(
  following: Following,
  subscription: string,
  connection: Line,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  try {
    for await (const batch of following.batches) {
      if (signal.aborted) return;
      const { method, params } = notificationOf(batch, subscription);
      if (!(await connection.notify(method, params))) return;
    }
  } catch (err) {
    if (signal.aborted) return;
    log.error(
      { err, subscription },
      "A subscription failed; its connection is closed, so that the host subscribes again",
    );
    connection.close("internal_error", "A subscription failed inside the daemon");
  }
}

/** The facts' own text goes through untouched. */
function notificationOf(batch: Batch, subscription: string): { method: string; params: string } {
  const about = `{"subscription":"${subscription}"`;
  if (batch.kind === "gap")
    return { method: "events_gap", params: `${about},"gap":${JSON.stringify(batch.gap)}}` };
  return { method: "events", params: `${about},"events":[${batch.events.join(",")}]}` };
}
