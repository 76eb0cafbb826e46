// Every event of the box: what harnesses report and what the daemon adds, in one envelope.
import { z } from "zod";
import {
  type DeltaTypeOf,
  type EventInput,
  type EventRecord,
  schemaOfEvent,
  schemaOfEvents,
} from "../../harnesses/event-record.ts";
import { harnessEvents } from "../../harnesses/events.ts";
import { daemonEvents } from "./daemon-events.ts";

export type { Cursor, Gap, RunOutcome } from "./query.ts";
export type { RunError, RunResult, RunUsage } from "./run.ts";

export const events = { ...harnessEvents, ...daemonEvents } as const;

/** An event's own fields, without the envelope. */
export type EventBody = EventInput<typeof events>;
export const EventBody = schemaOfEvents(events);
export type EventType = EventBody["type"];
export type EventOf<Type extends EventType> = Extract<EventBody, { type: Type }>;
export type DeltaBody = EventOf<DeltaTypeOf<typeof events>>;

/** Whether the event is live only; what is not, is a fact. */
export function isDelta(body: EventBody): body is DeltaBody {
  return events[body.type].kind === "delta";
}

/** What stands around every event. The keys come in this order, before the event's own. */
export const EnvelopeFields = () =>
  z.object({
    epoch: z
      .string()
      .describe("Changes when the journal's identity changes; a cursor of another epoch is void."),
    seq: z
      .number()
      .int()
      .positive()
      .optional()
      .describe(
        "A fact's place in the box's one order: dense, ascending from 1. Absent on a delta.",
      ),
    afterSeq: z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe("A delta's place: after this fact. Absent on a fact."),
    time: z.string().describe("RFC 3339, UTC, milliseconds."),
    runId: z.string().optional(),
    processId: z.string().optional(),
    source: z.enum(["harness", "tool", "daemon"]),
  });
export type EnvelopeFields = z.output<ReturnType<typeof EnvelopeFields>>;
export type Envelope<Type extends EventType = EventType> = EnvelopeFields & EventOf<Type>;
/** A durable event. */
export type Fact<Type extends EventType = EventType> = Envelope<Type> & { readonly seq: number };

/** One event as hosts receive it: the envelope's fields, then its own. A fact has `seq`, a delta `afterSeq`. */
export function schemaOfEnvelope(type: string, record: EventRecord): z.ZodObject {
  const { seq, afterSeq, ...shared } = EnvelopeFields().shape;
  const place = record.kind === "fact" ? { seq: seq.unwrap() } : { afterSeq: afterSeq.unwrap() };
  const own = schemaOfEvent(type, record);
  const whole = z.object({ ...shared, ...place, ...own.shape });
  return own.description === undefined ? whole : whole.describe(own.description);
}

/** Any event as hosts receive it. */
export const AnyEvent = z.lazy(() => {
  const [first, ...rest] = Object.entries(events).map(([type, each]) =>
    schemaOfEnvelope(type, each),
  );
  if (first === undefined) throw new TypeError("There is no event");
  return z.discriminatedUnion("type", [first, ...rest]);
});
