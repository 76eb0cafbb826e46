// What is sent without an answer: events by the daemon, the end of a call by the host.
import { z } from "zod";
import { AnyEvent } from "./events.ts";
import { Gap } from "./query.ts";

export interface NotificationRecord {
  readonly from: "daemon" | "host";
  readonly description: string;
  readonly params: () => z.ZodObject;
}

export const notifications = {
  events: {
    from: "daemon",
    description:
      "Events of a subscription, in order; facts byte for byte as the journal holds them. A fact's `seq` ascends, and the place to go on from after a broken line is the last fact's `epoch` and `seq`.",
    params: () => z.object({ subscription: z.string(), events: z.array(AnyEvent) }),
  },
  events_gap: {
    from: "daemon",
    description:
      "Facts that the subscription should have brought are gone; delivery goes on at `resumeAt`.",
    params: () => z.object({ subscription: z.string(), gap: Gap }),
  },
  "$/cancelRequest": {
    from: "host",
    description:
      "Cancels a call of this connection that is under way; it is then answered with the error `cancelled`, unless it was done already.",
    params: () =>
      z.object({ id: z.union([z.string(), z.number().int()]).describe("The id of the call.") }),
  },
} as const satisfies Record<string, NotificationRecord>;
