// The methods about events: delivery, reading, and what the journal keeps for whom.
import { z } from "zod";
import { defineMethod } from "../method-record.ts";
import { AnyEvent } from "../events.ts";
import { EventFilter } from "../event-filter.ts";
import { Cursor, Gap, name } from "../query.ts";

const subscriber = name.describe(
  "A lasting name, under which `events_ack` holds facts in the journal.",
);

export const eventMethods = {
  events_subscribe: defineMethod({
    description:
      "Facts since the cursor, then what comes live, as `events` notifications, with no hole and no repeat between the two. A subscription ends with its connection.",
    params: () =>
      z.strictObject({
        after: Cursor.nullable().default(null).describe("Null: from now on."),
        filter: EventFilter.prefault({}),
        subscriber: subscriber.optional(),
      }),
    result: () =>
      z.object({
        subscription: z.string(),
        cursor: Cursor.describe("Where delivery begins."),
        gap: Gap.nullable(),
      }),
    outlivesConnection: false,
    resend: "never",
    errors: ["too_many_subscribers"],
  }),
  events_unsubscribe: defineMethod({
    description: "Ends a subscription of this connection.",
    params: () => z.strictObject({ subscription: z.string() }),
    result: () => z.object({ removed: z.boolean() }),
    outlivesConnection: false,
    resend: "never",
    errors: [],
  }),
  events_read: defineMethod({
    description: "One page of facts, for a host that would rather ask than be sent them.",
    params: () =>
      z.strictObject({
        after: Cursor.nullable().default(null).describe("Null: from the oldest kept."),
        filter: EventFilter.prefault({}),
        limit: z.number().int().min(1).max(10_000).default(1000),
      }),
    result: () =>
      z.object({
        events: z.array(AnyEvent),
        cursor: Cursor.describe("Read on from here."),
        gap: Gap.nullable(),
        atEnd: z.boolean(),
      }),
    outlivesConnection: false,
    resend: "always",
    errors: ["damaged"],
  }),
  events_ack: defineMethod({
    description:
      "Says that all facts up to the cursor are safe with this subscriber; the rest is kept for it.",
    params: () => z.strictObject({ subscriber, cursor: Cursor }),
    result: () => z.object({ acknowledged: Cursor }),
    outlivesConnection: false,
    resend: "always",
    errors: ["too_many_subscribers"],
  }),
  events_forget: defineMethod({
    description: "Forgets a subscriber, so that the journal no longer keeps facts for it.",
    params: () => z.strictObject({ subscriber }),
    result: () => z.object({ removed: z.boolean() }),
    outlivesConnection: false,
    resend: "always",
    errors: [],
  }),
} as const;
